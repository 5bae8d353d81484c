"""Storage of credit: tables and the only SQL. One module per question, `tables` for all of them."""
