package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	k8sConst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/source"
	"github.com/cilium/cilium/pkg/types"
)

// Numbers that the cluster gives to pods; the number of another cluster stands above the 16 bits.
const (
	firstIdentity = 256
	otherCluster  = 1 << 16
)

// host is the local node as the subject of a flow.
const host = "/host"

// Workload is a pod as Cilium sees it.
type Workload struct {
	identity *identity.Identity
	ports    types.NamedPortMap
}

// admit gives every pod its identity, makes the addresses known, and tells both caches of the
// engine.
func (e *Engine) admit(given *Case) error {
	namespaces := map[string]*corev1.Namespace{}
	for _, namespace := range given.Namespaces {
		namespaces[namespace.Name] = &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Name: namespace.Name, Labels: namespace.Labels},
		}
	}
	known := map[string]*identity.Identity{}
	added := identity.IdentityMap{}
	for _, pod := range given.Pods {
		if pod.HostNetwork {
			continue
		}
		namespace := namespaces[pod.Namespace]
		if namespace == nil {
			return fmt.Errorf("no such namespace: %s", pod.Namespace)
		}
		own, ports := metadata(namespace, &pod)
		id := identity.LookupReservedIdentity(identity.ReservedIdentityInit)
		if pod.Resolved {
			key := string(own.SortedList())
			if known[key] == nil {
				number := identity.NumericIdentity(firstIdentity + len(known))
				if pod.Cluster != cluster {
					number += otherCluster
				}
				known[key] = identity.NewIdentity(number, own)
				added[number] = known[key].LabelArray
			}
			id = known[key]
		}
		e.workloads[pod.Namespace+"/"+pod.Name] = Workload{id, ports}
		meta := &ipcache.K8sMetadata{Namespace: pod.Namespace, PodName: pod.Name, NamedPorts: ports}
		for _, address := range pod.Addresses {
			_, err := e.addresses.Upsert(address.String(), net.IPv4(192, 0, 2, 1), 0, meta,
				ipcache.Identity{ID: id.ID, Source: source.CustomResource})
			if err != nil {
				return err
			}
		}
	}
	e.update(added)
	e.repository.UpdateIdentities(added, nil)
	return e.place(given)
}

// metadata are the labels that make a pod's identity, and the ports that it names.
func metadata(namespace *corev1.Namespace, pod *Pod) (labels.Labels, types.NamedPortMap) {
	var container corev1.Container
	for _, port := range pod.Ports {
		container.Ports = append(container.Ports, corev1.ContainerPort{
			Name: port.Name, ContainerPort: port.Port, Protocol: corev1.Protocol(port.Protocol),
		})
	}
	option.Config.ClusterName = pod.Cluster
	defer func() { option.Config.ClusterName = cluster }()
	ports, own := k8s.GetPodMetadata(silent, namespace, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels,
		},
		Spec: corev1.PodSpec{
			ServiceAccountName: pod.Account, Containers: []corev1.Container{container},
		},
	})
	filtered, _ := labelsfilter.Filter(labels.Map2Labels(own, labels.LabelSourceK8s))
	for _, label := range k8s.NamedPortsIdentityLabels(ports) {
		filtered[label.Key] = label
	}
	return filtered, ports
}

// place makes nodes and API servers known.
func (e *Engine) place(given *Case) error {
	var updates []ipcache.MU
	add := func(address netip.Addr, from source.Source, kind, name string, own labels.Labels) {
		prefix := netip.PrefixFrom(address, address.BitLen())
		resource := ipcachetypes.NewResourceID(ipcachetypes.ResourceKind(kind), "", name)
		updates = append(updates, ipcache.MU{
			Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: from, Resource: resource,
			Metadata: []ipcache.IPMetadata{own},
		})
	}
	for at, node := range given.Nodes {
		name := fmt.Sprintf("node-%d", at)
		for _, address := range node.Addresses {
			from, own := source.CustomResource, labels.NewFrom(labels.LabelRemoteNode)
			if node.Local {
				e.workloads[host] = Workload{identity: hostIdentity(&node)}
				from, own = source.Local, labels.NewFrom(labels.LabelHost)
				if option.Config.PolicyCIDRMatchesNodes() {
					prefix := netip.PrefixFrom(address, address.BitLen())
					own.MergeLabels(labels.GetCIDRLabels(prefix))
				}
			}
			if option.Config.PerNodeLabelsEnabled() {
				named, _ := labelsfilter.FilterNodeLabels(labels.Map2Labels(node.Labels, labels.LabelSourceNode))
				own.MergeLabels(named)
				own.MergeLabels(labels.Map2Labels(
					map[string]string{k8sConst.PolicyLabelCluster: cluster}, labels.LabelSourceK8s))
			}
			add(address, from, "node", name, own)
			if node.APIServer {
				add(address, source.KubeAPIServer, "ep", name, labels.LabelKubeAPIServer)
			}
		}
	}
	for _, address := range given.APIServers {
		add(address, source.KubeAPIServer, "ep", "kubernetes", labels.LabelKubeAPIServer)
	}
	return e.tell(updates)
}

// hostIdentity is the local node as a subject: its labels count as Kubernetes' there.
func hostIdentity(node *Node) *identity.Identity {
	named, _ := labelsfilter.Filter(labels.Map2Labels(node.Labels, labels.LabelSourceK8s))
	own := labels.NewFrom(labels.LabelHost)
	own.MergeLabels(named)
	return identity.NewIdentity(identity.ReservedIdentityHost, own)
}

// tell hands metadata to the address cache and waits until identities follow from it.
func (e *Engine) tell(updates []ipcache.MU) error {
	if len(updates) == 0 {
		return nil
	}
	revision := e.addresses.UpsertMetadataBatch(updates...)
	return e.addresses.WaitForRevision(context.Background(), revision)
}

// at is who has an address: longest prefix first, else the outside.
func (e *Engine) at(address netip.Addr) identity.NumericIdentity {
	if found, ok := e.addresses.LookupSecIDByIP(address); ok {
		return found.ID
	}
	if address.Is4() {
		return identity.ReservedIdentityWorldIPv4
	}
	return identity.ReservedIdentityWorldIPv6
}
