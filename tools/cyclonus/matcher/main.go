// matcher answers verdicts from cyclonus' matcher of NetworkPolicies.
//
//	matcher < cases.jsonl > answers.jsonl
//
// Cases and answers are those of tools/cilium/oracle; of the world it reads namespaces and pods.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// lineBytes bounds one case.
const lineBytes = 16 << 20

// Case is one question, as far as it is read here.
type Case struct {
	ID         uint64      `json:"id"`
	Namespaces []Namespace `json:"namespaces"`
	Pods       []Pod       `json:"pods"`
	Policies   []string    `json:"policies"`
	Flows      []Flow      `json:"flows"`
}

// Namespace is a namespace and its labels.
type Namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// Pod is a pod with a network of its own.
type Pod struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Addresses []string          `json:"addresses"`
	Ports     []Port            `json:"ports"`
}

// Port is a port that a pod names.
type Port struct {
	Name     string `json:"name"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
}

// Flow is what the subject's hook sees of a new connection.
type Flow struct {
	Subject  string `json:"subject"`
	Egress   bool   `json:"egress"`
	Peer     string `json:"peer"`
	Protocol int    `json:"protocol"`
	Port     int    `json:"port"`
}

// Answer says of each flow what becomes of it at its subject.
type Answer struct {
	ID       uint64   `json:"id"`
	Refused  []string `json:"refused"`
	Verdicts []string `json:"verdicts"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "matcher:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytes)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var given Case
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			return fmt.Errorf("read a case: %w", err)
		}
		answer, err := given.judge()
		if err != nil {
			return fmt.Errorf("case %d: %w", given.ID, err)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (c *Case) judge() (*Answer, error) {
	answer := &Answer{ID: c.ID, Refused: []string{}, Verdicts: []string{}}
	var policies []*networkingv1.NetworkPolicy
	for _, text := range c.Policies {
		policy := &networkingv1.NetworkPolicy{}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(policy); err != nil {
			return nil, err
		}
		policies = append(policies, withoutNotIn(policy)...)
		answer.Refused = append(answer.Refused, "")
	}
	rules := matcher.BuildNetworkPolicies(false, policies)
	for _, flow := range c.Flows {
		answer.Verdicts = append(answer.Verdicts, c.verdict(rules, flow))
	}
	return answer, nil
}

// verdict asks once for each name that the server gives the port: the matcher takes one.
func (c *Case) verdict(rules *matcher.Policy, flow Flow) string {
	own, peer := c.named(flow.Subject), c.at(flow.Peer)
	subject := &matcher.TrafficPeer{Internal: c.internal(own), IP: own.Addresses[0]}
	other := &matcher.TrafficPeer{IP: flow.Peer}
	if peer != nil {
		other.Internal = c.internal(peer)
	}
	traffic := &matcher.Traffic{
		Source: other, Destination: subject,
		ResolvedPort: flow.Port, Protocol: protocol(flow.Protocol),
	}
	server := own
	if flow.Egress {
		traffic.Source, traffic.Destination, server = subject, other, peer
	}
	for _, name := range server.names(flow.Port, traffic.Protocol) {
		traffic.ResolvedPortName = name
		if rules.IsIngressOrEgressAllowed(traffic, !flow.Egress).IsAllowed() {
			return "allow"
		}
	}
	return "drop"
}

func protocol(number int) v1.Protocol {
	switch number {
	case 6:
		return v1.ProtocolTCP
	case 17:
		return v1.ProtocolUDP
	case 132:
		return v1.ProtocolSCTP
	}
	return v1.Protocol(fmt.Sprint(number))
}

func (c *Case) named(name string) *Pod {
	for at := range c.Pods {
		if c.Pods[at].Namespace+"/"+c.Pods[at].Name == name {
			return &c.Pods[at]
		}
	}
	panic("no such pod: " + name)
}

func (c *Case) at(address string) *Pod {
	for at := range c.Pods {
		for _, own := range c.Pods[at].Addresses {
			if own == address {
				return &c.Pods[at]
			}
		}
	}
	return nil
}

func (c *Case) internal(pod *Pod) *matcher.InternalPeer {
	peer := &matcher.InternalPeer{Namespace: pod.Namespace, PodLabels: pod.Labels}
	for _, namespace := range c.Namespaces {
		if namespace.Name == pod.Namespace {
			peer.NamespaceLabels = namespace.Labels
		}
	}
	return peer
}

// names are those of a port, and no name at all.
func (p *Pod) names(port int, protocol v1.Protocol) []string {
	names := []string{""}
	if p == nil {
		return names
	}
	for _, own := range p.Ports {
		if own.Port == port && own.Protocol == string(protocol) {
			names = append(names, own.Name)
		}
	}
	return names
}
