-- The ledger's database is made by the image itself; Prefect keeps its own beside it.
CREATE DATABASE prefect;
