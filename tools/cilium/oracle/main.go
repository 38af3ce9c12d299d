// oracle answers verdicts from Cilium's own policy engine.
//
//	oracle < cases.jsonl > answers.jsonl
//	oracle time < case.json > cost.json
//
// One case a line in, one answer a line out, in order. A case is a world, policies as JSON objects,
// and flows; an answer says of each policy whether Cilium takes it, and of each flow what becomes
// of it at its subject. Options of Cilium are globals, so a process judges one case at a time.
// With `time` an answer says what it cost to put the policies in force for the flows' subjects.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// cluster is the name of the local cluster.
const cluster = "default"

// lineBytes bounds one case.
const lineBytes = 256 << 20

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

func main() {
	answer := func(given *Case, documents *Documents) (any, error) { return judge(given, documents) }
	if len(os.Args) == 2 && os.Args[1] == "time" {
		answer = func(given *Case, documents *Documents) (any, error) { return measure(given, documents) }
	}
	if err := run(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, answer func(*Case, *Documents) (any, error)) error {
	if err := labelsfilter.ParseLabelPrefixCfg(silent, nil, nil, ""); err != nil {
		return err
	}
	documents, err := newDocuments()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, lineBytes)
	answers := bufio.NewWriter(out)
	defer answers.Flush()
	encoder := json.NewEncoder(answers)
	for lines.Scan() {
		var given Case
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			return fmt.Errorf("read a case: %w", err)
		}
		configure(given.Options)
		said, err := answer(&given, documents)
		if err != nil {
			return fmt.Errorf("case %d: %w", given.ID, err)
		}
		if err := encoder.Encode(said); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

// configure sets what a bare process does not have at the product's defaults.
func configure(options Options) {
	config := option.Config
	config.ClusterName, config.ClusterID = cluster, 0
	config.EnableIPv4, config.EnableIPv6 = true, true
	config.EnableNonDefaultDenyPolicies, config.EnableICMPRules, config.EnableL7Proxy = true, true, true
	config.EnableSCTP = true
	config.EnableK8sClusterNetworkPolicy = true
	config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	if options.HostAccess {
		config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	}
	config.PolicyCIDRMatchMode = nil
	if options.CIDRMeansNodes {
		config.PolicyCIDRMatchMode = []string{"nodes"}
	}
	config.EnableNodeSelectorLabels = options.NodeLabels
	config.EnableHostFirewall = options.HostPolicies
	policy.SetPolicyEnabled(options.Enforcement)
	api.InitEntities(cluster)
}
