"""The pure fold: state and events in, state and facts out. No clock, no IO, no chance."""
