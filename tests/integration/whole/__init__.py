"""All parts of an installation together, in processes of their own, while parts of it die."""
