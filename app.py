"""One process: pages, API and engine. `streamlit run app.py`, `uvicorn app:app` and `python app.py` start the same."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    # Imported by a server or a test: this half serves.
    from functools import cache

    from streamlit.runtime import app_session
    from streamlit.runtime.pages_manager import PagesManager

    from metrics_core.api.life import give_up
    from metrics_core.api.server import build_parts
    from metrics_core.errors import SettingError
    from pages.parts.frame import unforeseen

    # Streamlit takes a folder `pages` for its older way of navigation until a visitor has run `st.navigation` once; the
    # first visitor after a start, following a link to a page, would get that page without its frame.
    PagesManager.uses_pages_directory = False
    # At every run Streamlit spells the hundred names of our theme with underscores again, which is a tenth of its cost.
    app_session.to_snake_case = cache(app_session.to_snake_case)
    address = st.get_option("server.address") or "0.0.0.0"
    try:
        signs_in = st.secrets.load_if_toml_exists() and bool(st.secrets.get("auth"))
        parts = build_parts(address=address, sign_in=signs_in)
    except SettingError as error:
        give_up(error)
    app = st.App(__file__, on_script_error=unforeseen, **parts)
    if __name__ == "__main__":
        app.run()
else:
    # Run by Streamlit for one visitor: this half draws.
    from pages.parts.frame import draw

    draw()
