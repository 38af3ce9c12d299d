module podwall.io/tools/re2

go 1.22
