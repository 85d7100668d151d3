"""The core, told as timetables of a small contact centre, and as laws that none may break."""
