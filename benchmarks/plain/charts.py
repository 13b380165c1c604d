"""Eight metrics and two Plotly charts, drawn anew at every run, as one would write them first."""

from __future__ import annotations

import random

import pandas as pd
import plotly.express as px
import streamlit as st

NAMES = ("Revenue", "Orders", "Average order", "Conversion", "Active users", "Pending", "Completed", "Failed")

for column, name in zip([*st.columns(4), *st.columns(4)], NAMES, strict=True):
    column.metric(name, f"{random.randint(1_000, 99_999):,}", f"{random.uniform(-9, 9):.1f} %")
points = pd.DataFrame({"hour": range(48), "revenue": [random.random() for _ in range(48)]})
shares = pd.DataFrame({"channel": ["online", "retail", "wholesale"], "orders": [random.random() for _ in range(3)]})
st.plotly_chart(px.line(points, x="hour", y="revenue"), key="line")
st.plotly_chart(px.bar(shares, x="channel", y="orders"), key="bar")
