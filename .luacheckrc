std = "lua54"
max_line_length = 150
self = false -- a method need not look at itself
files["experiments"] = { max_line_length = false } -- settings and published numbers stand on one line
