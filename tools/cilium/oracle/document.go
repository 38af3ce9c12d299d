package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"

	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
)

// Documents reads policies as Cilium reads them: the schema that its API server would hold them
// to, then its agent.
type Documents struct {
	schema *validator.NPValidator
}

// Entries are the rules of one policy, and the name they are replaced under.
type Entries struct {
	rules    policytypes.PolicyEntries
	resource ipcachetypes.ResourceID
}

func newDocuments() (*Documents, error) {
	schema, err := validator.NewNPValidator(silent)
	return &Documents{schema}, err
}

// read takes a policy or says why not.
func (d *Documents) read(text string) (Entries, error) {
	var object unstructured.Unstructured
	if err := json.Unmarshal([]byte(text), &object.Object); err != nil {
		return Entries{}, err
	}
	kind := object.GroupVersionKind()
	switch kind {
	case schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"}:
		return d.cilium(text, &object, d.schema.ValidateCNP, ipcachetypes.ResourceKindCNP)
	case schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumClusterwideNetworkPolicy"}:
		return d.cilium(text, &object, d.schema.ValidateCCNP, ipcachetypes.ResourceKindCCNP)
	case schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}:
		return kubernetes(text)
	case schema.GroupVersionKind{Group: "policy.networking.k8s.io", Version: "v1alpha2", Kind: "ClusterNetworkPolicy"}:
		return tiered(text)
	}
	return Entries{}, fmt.Errorf("unknown kind: %s", kind)
}

func (d *Documents) cilium(
	text string,
	object *unstructured.Unstructured,
	validate func(*unstructured.Unstructured) error,
	kind ipcachetypes.ResourceKind,
) (Entries, error) {
	// Its check for unknown fields calls zero values unknown; strict reading below does that.
	if err := validate(object); err != nil && !errors.As(err, new(validator.ErrUnknownFields)) {
		return Entries{}, err
	}
	policy := &v2.CiliumNetworkPolicy{}
	if err := yaml.UnmarshalStrict([]byte(text), policy); err != nil {
		return Entries{}, err
	}
	if kind == ipcachetypes.ResourceKindCNP && policy.Namespace == "" {
		policy.Namespace = "default"
	}
	var rules api.Rules
	rules, err := policy.Parse(silent, cluster)
	if err != nil {
		return Entries{}, err
	}
	resource := ipcachetypes.NewResourceID(kind, policy.Namespace, policy.Name)
	return Entries{policyutils.RulesToPolicyEntries(rules), resource}, nil
}

// kubernetes reads a NetworkPolicy, with what an API server would fill in.
func kubernetes(text string) (Entries, error) {
	policy := &networkingv1.NetworkPolicy{}
	if err := yaml.UnmarshalStrict([]byte(text), policy); err != nil {
		return Entries{}, err
	}
	if len(policy.Spec.PolicyTypes) == 0 {
		policy.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(policy.Spec.Egress) > 0 {
			policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	rules, err := k8s.ParseNetworkPolicy(silent, cluster, policy)
	if err != nil {
		return Entries{}, err
	}
	kind := ipcachetypes.ResourceKindNetpol
	return Entries{rules, ipcachetypes.NewResourceID(kind, policy.Namespace, policy.Name)}, nil
}

// tiered reads a ClusterNetworkPolicy.
func tiered(text string) (Entries, error) {
	policy := &v1alpha2.ClusterNetworkPolicy{}
	if err := yaml.UnmarshalStrict([]byte(text), policy); err != nil {
		return Entries{}, err
	}
	rules, err := k8s.ParseClusterNetworkPolicy(silent, cluster, policy)
	if err != nil {
		return Entries{}, err
	}
	kind := ipcachetypes.ResourceKindKCNP
	return Entries{rules, ipcachetypes.NewResourceID(kind, "", policy.Name)}, nil
}

// oneLine makes a message fit for an answer.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
