"""The screens: they ask the engine, place and draw; they never compute."""
