"""Files in, files out: texts and tables of any size, read row by row, labelled, and written as they come."""
