"""Which field is what: public formats, columns, kinds, and what the user says of them."""
