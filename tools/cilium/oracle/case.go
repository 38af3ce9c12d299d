package main

import "net/netip"

// Case is one question: a world, policies and flows.
type Case struct {
	ID         uint64       `json:"id"`
	Options    Options      `json:"options"`
	Namespaces []Namespace  `json:"namespaces"`
	Nodes      []Node       `json:"nodes"`
	Pods       []Pod        `json:"pods"`
	Services   []Service    `json:"services"`
	Groups     []Group      `json:"cidr_groups"`
	Names      []Name       `json:"names"`
	APIServers []netip.Addr `json:"api_servers"`
	Policies   []string     `json:"policies"`
	Flows      []Flow       `json:"flows"`
}

// Options are the cluster-wide choices.
type Options struct {
	Enforcement    string `json:"enforcement"`
	HostAccess     bool   `json:"host_access"`
	CIDRMeansNodes bool   `json:"cidr_means_nodes"`
	NodeLabels     bool   `json:"node_labels"`
	HostPolicies   bool   `json:"host_policies"`
}

// Namespace is a namespace and its labels.
type Namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// Node is a machine of the cluster.
type Node struct {
	Addresses []netip.Addr      `json:"addresses"`
	Labels    map[string]string `json:"labels"`
	Local     bool              `json:"local"`
	APIServer bool              `json:"apiserver"`
}

// Service leads to the pods that it selects, or to its endpoints.
type Service struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Selector  map[string]string `json:"selector"`
	Endpoints []netip.Addr      `json:"endpoints"`
}

// Group is a CiliumCIDRGroup.
type Group struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	CIDRs  []netip.Prefix    `json:"cidrs"`
}

// Name is a name of the outside, and the addresses that it was answered with.
type Name struct {
	Name      string       `json:"name"`
	Addresses []netip.Addr `json:"addresses"`
}

// Pod is a workload; one on the host network is its node, and one whose labels are not resolved
// has the identity of those.
type Pod struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Account     string            `json:"service_account"`
	Addresses   []netip.Addr      `json:"addresses"`
	Ports       []Port            `json:"ports"`
	HostNetwork bool              `json:"host_network"`
	Resolved    bool              `json:"labels_resolved"`
	Cluster     string            `json:"cluster"`
}

// Port is a port that a pod names.
type Port struct {
	Name     string `json:"name"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
}

// Flow is what the subject's hook sees of a new connection; the local node is the subject `/host`. Port is the server's, or the type of
// an ICMP message, or 0.
type Flow struct {
	Subject  string     `json:"subject"`
	Egress   bool       `json:"egress"`
	Peer     netip.Addr `json:"peer"`
	Protocol uint8      `json:"protocol"`
	Port     uint16     `json:"port"`
}

// Answer is what Cilium says: of each policy its refusal or nothing, of each flow a word.
type Answer struct {
	ID       uint64   `json:"id"`
	Refused  []string `json:"refused"`
	Verdicts []string `json:"verdicts"`
}
