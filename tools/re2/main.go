// Answers what Go's regexp says of patterns and texts: reads JSON pairs, one a line, and prints
// invalid, match or other for each. A pattern is matched against the whole text.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var pair [2]string
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(out, verdict(pair[0], pair[1]))
	}
}

func verdict(pattern, text string) string {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return "invalid"
	}
	// The leftmost-longest match is the whole text if anything is.
	compiled.Longest()
	if at := compiled.FindStringIndex(text); at != nil && at[0] == 0 && at[1] == len(text) {
		return "match"
	}
	return "other"
}
