"""How good an embedder is: measures of ranking, of retrieval and of naming classes."""
