"""Any part of a published data set: chosen by its tables, fetched by ranges or out of archives, into a data folder."""
