"""From events to facts: a pure core and the shells that carry it."""
