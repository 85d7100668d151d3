"""The store: migrations, the writer, and ClickHouse's HTTP form over the embedded engine."""
