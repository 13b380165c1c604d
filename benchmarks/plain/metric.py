"""The plainest page that shows a number."""

from __future__ import annotations

import streamlit as st

st.metric("Revenue today", "1,234.56")
