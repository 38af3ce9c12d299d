// names answers what Cilium's own matcher says of patterns of names.
//
//	names < pairs.jsonl > letters
//
// One list of pairs a line in, `[[is a matchName, pattern, name], ...]`, a letter for each out: `r`
// the pattern is refused, `b` the name is meant by rules of DNS and by peers, `q` by rules alone,
// `p` by peers alone, `.` by neither.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/fqdn/dnsproxy"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// Pair is a pattern and a name.
type Pair struct {
	isName     bool
	text, name string
}

// UnmarshalJSON reads the three parts of a pair.
func (p *Pair) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&p.isName, &p.text, &p.name})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var pairs []Pair
		if err := json.Unmarshal(lines.Bytes(), &pairs); err != nil {
			return err
		}
		letters := make([]byte, 0, len(pairs)+1)
		for _, pair := range pairs {
			letters = append(letters, pair.letter())
		}
		if _, err := os.Stdout.Write(append(letters, '\n')); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (p *Pair) letter() byte {
	selector := api.FQDNSelector{MatchPattern: p.text}
	if p.isName {
		selector = api.FQDNSelector{MatchName: p.text}
	}
	rule := api.PortRuleDNS(selector)
	if err := rule.Sanitize(); err != nil {
		return 'r'
	}
	peers, err := selector.ToRegex()
	if err != nil {
		return 'r'
	}
	rules := &policy.PerSelectorPolicy{L7Rules: api.L7Rules{DNS: []api.PortRuleDNS{rule}}}
	queries, err := regexp.Compile(dnsproxy.GeneratePattern(rules))
	if err != nil {
		return 'r'
	}
	name := dns.FQDN(p.name)
	switch byQuery, byPeer := queries.MatchString(name), peers.MatchString(name); {
	case byQuery && byPeer:
		return 'b'
	case byQuery:
		return 'q'
	case byPeer:
		return 'p'
	}
	return '.'
}
