"""The live run: what people do in it, and how their requests are answered."""
