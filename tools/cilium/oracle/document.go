package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	slimmetav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
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

// read takes a policy or says why not; services are what it may refer to.
func (d *Documents) read(text string, services *Services) (Entries, error) {
	var object unstructured.Unstructured
	if err := json.Unmarshal([]byte(text), &object.Object); err != nil {
		return Entries{}, err
	}
	kind := object.GroupVersionKind()
	switch kind {
	case schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"}:
		return d.cilium(&object, services, d.schema.ValidateCNP, ipcachetypes.ResourceKindCNP)
	case schema.GroupVersionKind{Group: "cilium.io", Version: "v2", Kind: "CiliumClusterwideNetworkPolicy"}:
		return d.cilium(&object, services, d.schema.ValidateCCNP, ipcachetypes.ResourceKindCCNP)
	case schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}:
		return kubernetes(text)
	case schema.GroupVersionKind{Group: "policy.networking.k8s.io", Version: "v1alpha2", Kind: "ClusterNetworkPolicy"}:
		return tiered(text)
	}
	return Entries{}, fmt.Errorf("unknown kind: %s", kind)
}

func (d *Documents) cilium(
	object *unstructured.Unstructured,
	services *Services,
	validate func(*unstructured.Unstructured) error,
	kind ipcachetypes.ResourceKind,
) (Entries, error) {
	dropNulls(object.Object)
	if err := checkSelectors(object.Object); err != nil {
		return Entries{}, err
	}
	// Its check for unknown fields calls zero values unknown; strict reading below does that.
	if err := validate(object); err != nil && !errors.As(err, new(validator.ErrUnknownFields)) {
		return Entries{}, err
	}
	pruned, err := json.Marshal(object.Object)
	if err != nil {
		return Entries{}, err
	}
	policy := &v2.CiliumNetworkPolicy{}
	if err := yaml.UnmarshalStrict(pruned, policy); err != nil {
		return Entries{}, err
	}
	if kind == ipcachetypes.ResourceKindCNP && policy.Namespace == "" {
		policy.Namespace = "default"
	}
	services.resolve(policy)
	rules, err := policy.Parse(silent, cluster)
	if err != nil {
		return Entries{}, err
	}
	resource := ipcachetypes.NewResourceID(kind, policy.Namespace, policy.Name)
	return Entries{policyutils.RulesToPolicyEntries(rules), resource}, nil
}

// dropNulls takes fields without a value away, as an API server does before it validates.
func dropNulls(value any) {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(_ string, field any) bool { return field == nil })
		for _, field := range value {
			dropNulls(field)
		}
	case []any:
		for _, item := range value {
			dropNulls(item)
		}
	}
}

// selectors are the fields that hold a selector or a list of them.
var selectors = []string{
	"endpointSelector", "nodeSelector", "fromEndpoints", "toEndpoints", "fromNodes", "toNodes",
	"selector", "cidrGroupSelector",
}

// checkSelectors refuses unknown fields inside selectors and ICMP messages, which have readers of
// their own that pass over them.
func checkSelectors(value any) error {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			items := []any{field}
			if list, ok := field.([]any); ok {
				items = list
			}
			for _, item := range items {
				if err := checkSelector(name, item); err != nil {
					return err
				}
			}
			if err := checkSelectors(field); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range value {
			if err := checkSelectors(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkSelector(name string, value any) error {
	fields, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	if name == "fields" {
		for field := range fields {
			if field != "family" && field != "type" {
				return fmt.Errorf("unknown field of an ICMP message: %s", field)
			}
		}
	}
	if !slices.Contains(selectors, name) {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(text, &slimmetav1.LabelSelector{})
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
