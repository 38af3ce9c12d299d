package main

import (
	"net/netip"

	"github.com/cilium/statedb"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/policy/api"
	policyk8s "github.com/cilium/cilium/pkg/policy/k8s"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
)

// Services are the tables in which Cilium's own resolver looks services up.
type Services struct {
	db       *statedb.DB
	services statedb.RWTable[*loadbalancer.Service]
	backends statedb.RWTable[*loadbalancer.Backend]
}

func newServices(given []Service) (*Services, error) {
	db := statedb.New()
	services, err := loadbalancer.NewServicesTable(loadbalancer.Config{}, db)
	if err != nil {
		return nil, err
	}
	backends, err := loadbalancer.NewBackendsTable(db)
	if err != nil {
		return nil, err
	}
	txn := db.WriteTxn(services, backends)
	defer txn.Abort()
	for _, service := range given {
		name := loadbalancer.NewServiceName(service.Namespace, service.Name)
		_, _, err := services.Insert(txn, &loadbalancer.Service{
			Name: name, Source: source.Kubernetes, Selector: service.Selector,
			Labels: labels.Map2Labels(service.Labels, labels.LabelSourceK8s),
		})
		if err != nil {
			return nil, err
		}
		for _, endpoint := range service.Endpoints {
			address := cmtypes.AddrClusterFrom(endpoint, 0)
			_, _, err := backends.Insert(txn, &loadbalancer.Backend{
				ServiceName: name, Source: source.Kubernetes,
				Address: loadbalancer.NewL3n4Addr(loadbalancer.TCP, address, 80, loadbalancer.ScopeExternal),
			})
			if err != nil {
				return nil, err
			}
		}
	}
	txn.Commit()
	return &Services{db, services, backends}, nil
}

// resolve writes what a policy's services lead to into it, as the agent does before it parses.
func (s *Services) resolve(policy *v2.CiliumNetworkPolicy) {
	policyk8s.ResolveToServices(s.db.ReadTxn(), s.services, s.backends, policy)
}

// group makes the ranges of groups known, with the labels that the agent's watcher gives them.
func (e *Engine) group(groups []Group) error {
	var updates []ipcache.MU
	for _, group := range groups {
		own := labels.Labels{}
		for key, value := range group.Labels {
			label := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
			own[label.Key] = label
			encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
			own[encoded.Key] = encoded
		}
		reference := api.LabelForCIDRGroupRef(group.Name)
		own[reference.Key] = reference
		for _, prefix := range group.CIDRs {
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.Generated,
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindCIDRGroup, "", group.Name),
				Metadata: []ipcache.IPMetadata{own},
			})
		}
	}
	return e.tell(updates)
}

// answer makes the addresses of names known under every pattern that is for them, as the agent
// does when it sees an answer.
func (e *Engine) answer(names []Name, policies []Entries) error {
	var updates []ipcache.MU
	for _, name := range names {
		own, err := labelsOf(name.Name, policies)
		if err != nil {
			return err
		}
		if len(own) == 0 {
			continue
		}
		for _, address := range name.Addresses {
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(netip.PrefixFrom(address, address.BitLen())),
				Source: source.Generated, Metadata: []ipcache.IPMetadata{own},
				Resource: ipcachetypes.NewResourceID(ipcachetypes.ResourceKindDaemon, "", "fqdn-"+name.Name),
			})
		}
	}
	return e.tell(updates)
}

func labelsOf(name string, policies []Entries) (labels.Labels, error) {
	own := labels.Labels{}
	for _, entries := range policies {
		for _, rule := range entries.rules {
			for _, peer := range rule.L3 {
				known, ok := peer.(*policytypes.FQDNSelector)
				if !ok {
					continue
				}
				pattern, _ := known.GetFQDNSelector()
				matcher, err := pattern.ToRegex()
				if err != nil {
					return nil, err
				}
				if matcher.MatchString(name + ".") {
					label := pattern.IdentityLabel()
					own[label.Key] = label
				}
			}
		}
	}
	return own, nil
}
