"""Reading files of rows: containers, columns of text into values, telling versions of a row apart."""
