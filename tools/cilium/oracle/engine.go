package main

import (
	"context"
	"fmt"
	"sync"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/cache"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	"github.com/cilium/cilium/pkg/k8s/synced"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
	testcertificates "github.com/cilium/cilium/pkg/testutils/certificatemanager"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// Engine is Cilium's policy repository for one case, with the caches that feed it.
type Engine struct {
	repository *policy.Repository
	addresses  *ipcache.IPCache
	allocator  *cache.CachingIdentityAllocator
	workloads  map[string]Workload
}

// anyProxyPort lets redirects stand in the map though no proxy runs.
var anyProxyPort = map[string]uint16{policy.FallbackRedirectID: 65535}

func newEngine() *Engine {
	// The host's labels grow when it runs the API server, and are one for the whole process.
	identity.AddReservedIdentityWithLabels(identity.ReservedIdentityHost, labels.LabelHost)
	reserved := identity.IdentityMap{}
	identity.IterateReservedIdentities(func(number identity.NumericIdentity, id *identity.Identity) {
		reserved[number] = id.LabelArray
	})
	engine := &Engine{workloads: map[string]Workload{}}
	engine.repository = policy.NewPolicyRepository(silent, reserved, &testcertificates.Fake{},
		envoypolicy.NewEnvoyL7RulesTranslator(silent, nil), identitymanager.NewIDManager(silent),
		testpolicy.NewPolicyMetricsNoop())
	selectors := engine.repository.GetSelectorCache()
	selectors.SetLocalIdentityNotifier(testidentity.NewDummyIdentityNotifier())
	engine.repository.UpdateIdentities(reserved, nil)
	engine.allocator = cache.NewCachingIdentityAllocator(silent, engine, cache.NewTestAllocatorConfig())
	synchronised := make(synced.CacheStatus)
	close(synchronised)
	engine.addresses = ipcache.NewIPCache(&ipcache.Configuration{
		Context: context.Background(), Logger: silent, IdentityAllocator: engine.allocator,
		IdentityUpdater: engine, CacheStatus: synchronised,
	})
	engine.repository.SetNamedPortsGetter(engine.addresses)
	return engine
}

func (e *Engine) close() error {
	err := e.addresses.Shutdown()
	e.allocator.Close()
	return err
}

// UpdateIdentities is how the address cache and the allocator say that identities came or went.
func (e *Engine) UpdateIdentities(added, deleted identity.IdentityMap) <-chan struct{} {
	done := make(chan struct{})
	var wait sync.WaitGroup
	e.repository.GetSelectorCache().UpdateIdentities(added, deleted, &wait)
	e.repository.UpdateIdentities(added, deleted)
	go func() {
		wait.Wait()
		close(done)
	}()
	return done
}

// GetNodeSuffix is part of what an allocator asks of its owner.
func (e *Engine) GetNodeSuffix() string { return "oracle" }

func (e *Engine) update(added identity.IdentityMap) { <-e.UpdateIdentities(added, nil) }

// judge answers one case.
func judge(given *Case, documents *Documents) (*Answer, error) {
	engine := newEngine()
	answer := &Answer{ID: given.ID, Refused: []string{}, Verdicts: []string{}}
	if err := engine.admit(given); err != nil {
		return nil, err
	}
	services, err := newServices(given.Services)
	if err != nil {
		return nil, err
	}
	if err := engine.group(given.Groups); err != nil {
		return nil, err
	}
	var policies []Entries
	for _, text := range given.Policies {
		entries, err := documents.read(text, services)
		if err != nil {
			answer.Refused = append(answer.Refused, oneLine(err))
			continue
		}
		answer.Refused = append(answer.Refused, "")
		policies = append(policies, entries)
		if err := engine.load(entries); err != nil {
			return nil, err
		}
	}
	if err := engine.answer(given.Names, policies); err != nil {
		return nil, err
	}
	endpoints := map[string]*endpoint{}
	for _, flow := range given.Flows {
		if endpoints[flow.Subject] == nil {
			endpoint, err := engine.endpoint(flow.Subject)
			if err != nil {
				return nil, err
			}
			endpoints[flow.Subject] = endpoint
		}
		answer.Verdicts = append(answer.Verdicts, endpoints[flow.Subject].verdict(engine, flow))
	}
	for _, endpoint := range endpoints {
		endpoint.close()
	}
	return answer, engine.close()
}

// load makes the prefixes of a policy known and puts its rules in force.
func (e *Engine) load(entries Entries) error {
	if err := e.know(entries); err != nil {
		return err
	}
	e.repository.ReplaceByResource(entries.rules, entries.resource)
	return nil
}

// know makes the prefixes of policies known.
func (e *Engine) know(policies ...Entries) error {
	var updates []ipcache.MU
	for _, entries := range policies {
		for _, prefix := range policy.GetCIDRPrefixes(entries.rules) {
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.Generated,
				Resource: entries.resource, IsCIDR: true,
				Metadata: []ipcache.IPMetadata{labels.GetCIDRLabels(prefix)},
			})
		}
	}
	return e.tell(updates)
}

// endpoint is a subject with its policy; refusal says why it has none.
type endpoint struct {
	ports    types.NamedPortMap
	isHost   bool
	selector policy.SelectorPolicy
	policy   *policy.EndpointPolicy
	refusal  error
}

func (e *Engine) endpoint(name string) (*endpoint, error) {
	workload, there := e.workloads[name]
	if !there {
		return nil, fmt.Errorf("no such pod: %s", name)
	}
	own := &endpoint{ports: workload.ports, isHost: name == host}
	own.selector, _, own.refusal = e.repository.ComputeSelectorPolicy(workload.identity)
	if own.refusal == nil {
		own.policy = own.selector.DistillPolicy(silent, own, anyProxyPort)
		own.policy.Ready()
	}
	return own, nil
}

// verdict is a word: allow, redirect, auth, deny by a rule, drop by none, or refused where rules
// cannot be merged.
func (own *endpoint) verdict(engine *Engine, flow Flow) string {
	if own.refusal != nil {
		return "refused"
	}
	key := policy.IngressKey()
	if flow.Egress {
		key = policy.EgressKey()
	}
	key = key.WithIdentity(engine.at(flow.Peer)).WithPortProto(u8proto.U8proto(flow.Protocol), flow.Port)
	entry, origin, found := own.policy.Lookup(key)
	switch {
	case !found, isBehindPass(origin.LabelArray()):
		return "drop"
	case entry.IsDeny():
		return "deny"
	case entry.AuthRequirement.AuthType() != policytypes.AuthTypeDisabled:
		return "auth"
	case entry.IsRedirectEntry():
		return "redirect"
	}
	return "allow"
}

// isBehindPass is whether an entry stands for no rule at all: beside rules that pass, Cilium writes
// its default deny into the map.
func isBehindPass(origin labels.LabelArrayList) bool {
	isOnly := func(own labels.LabelArray) bool { return len(origin) == 1 && origin[0].Equals(own) }
	return isOnly(policy.LabelsDenyAnyIngress) || isOnly(policy.LabelsDenyAnyEgress)
}

func (own *endpoint) close() {
	if own.policy != nil {
		own.policy.Detach(silent)
		own.selector.Supersede()
	}
}

// GetID is part of what a policy asks of its endpoint, like all below.
func (own *endpoint) GetID() uint64 { return 1 }

// GetIngressNamedPort looks a name up among the endpoint's own ports.
func (own *endpoint) GetIngressNamedPort(name string, protocol u8proto.U8proto) uint16 {
	port, err := own.ports.GetNamedPort(name, protocol)
	if err != nil {
		return 0
	}
	return port
}

// PolicyDebug says nothing.
func (own *endpoint) PolicyDebug(string, ...any) {}

// IsHost is for host policies.
func (own *endpoint) IsHost() bool { return own.isHost }

// PreviousMapStateSizes knows no earlier policy.
func (own *endpoint) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

// RegenerateIfAlive has nothing to do.
func (own *endpoint) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
