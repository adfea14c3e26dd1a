"""Reading and writing what other TRM code bases and other runtimes use."""
