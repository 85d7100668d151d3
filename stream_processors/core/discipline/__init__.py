"""Rules about people, judged on what has been concluded: a fold over facts."""
