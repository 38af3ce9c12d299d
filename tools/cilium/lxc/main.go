// lxc loads Cilium's own bpf_lxc object, as Cilium's loader does it, for one pod with a policy, and
// pins programs and maps for whoever measures them.
//
//	lxc -object FILE -pins DIR < setup.json
//
// The object is compiled from the bpf/ folder of the same module. Identities and verdicts go into
// the maps as Cilium writes them. Nothing is attached to a device; the pins are all that stays.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/cilium/cilium/pkg/bpf"
	"github.com/cilium/cilium/pkg/datapath/config"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/maps/ipcache"
	"github.com/cilium/cilium/pkg/maps/policymap"
	"github.com/cilium/cilium/pkg/policy/types"
)

// Sizes that the agent gives by default or that hold the measurement; the object alone has those of
// Cilium's unit tests.
const (
	connections = 1 << 19
	policyStats = 1 << 16
)

// The pod's own numbers; no peer may have them.
const (
	podIdentity = 500
	podEndpoint = 42
)

// setup is what the pod knows and may do.
type setup struct {
	Pod   []netip.Addr `json:"pod"`
	Peers []peer       `json:"peers"`
}

// peer is another pod: where it is, who it is, and the TCP ports that are open towards it and from
// it.
type peer struct {
	Addresses []netip.Addr `json:"addresses"`
	Identity  uint32       `json:"identity"`
	Ports     []uint16     `json:"ports"`
}

func main() {
	object := flag.String("object", "", "compiled bpf_lxc")
	pins := flag.String("pins", "", "folder on a BPF file system")
	flag.Parse()
	if err := run(*object, *pins); err != nil {
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) {
			fmt.Fprintf(os.Stderr, "%+v\n", refused)
		}
		fmt.Fprintln(os.Stderr, "lxc:", err)
		os.Exit(1)
	}
}

func run(object, pins string) error {
	var given setup
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return fmt.Errorf("read the setup: %w", err)
	}
	if len(given.Pod) != 2 {
		return errors.New("a pod has one address of each family")
	}
	loaded, err := load(object, given.Pod)
	if err != nil {
		return err
	}
	for _, peer := range given.Peers {
		if err := admit(loaded, peer); err != nil {
			return fmt.Errorf("peer %d: %w", peer.Identity, err)
		}
	}
	for name, program := range loaded.Programs {
		if err := program.Pin(filepath.Join(pins, "program-"+name)); err != nil {
			return err
		}
	}
	for name, table := range loaded.Maps {
		if strings.HasPrefix(name, ".") {
			continue
		}
		if err := table.Pin(filepath.Join(pins, name)); err != nil {
			return fmt.Errorf("pin %s: %w", name, err)
		}
	}
	return nil
}

// load gives the object its sizes and the constants of one pod.
func load(object string, pod []netip.Addr) (*ebpf.Collection, error) {
	spec, err := ebpf.LoadCollectionSpec(object)
	if err != nil {
		return nil, err
	}
	for name, table := range spec.Maps {
		table.Pinning = ebpf.PinNone
		switch {
		case strings.HasPrefix(name, "cilium_ct"):
			table.MaxEntries = connections
		case name == "cilium_policystats":
			table.MaxEntries = policyStats
		}
	}
	node := config.NewNode()
	node.EnableJiffies, node.KernelHz = true, 250
	node.TracePayloadLen, node.TracePayloadLenOverlay = 128, 192
	node.EnableIdentityMark, node.EnableEndpointRoutes = true, true
	node.SupportsFIBLookupSkipNeigh, node.SupportsFIBLookupSrc = true, true
	node.CiliumHostIfIndex, node.CiliumNetIfIndex = 100, 101
	own := config.NewBPFLXC(*node)
	own.SecurityLabel, own.EndpointID = podIdentity, podEndpoint
	own.InterfaceIfIndex, own.DeviceMTU = 1, 1500
	own.EnablePolicyAccounting, own.PolicyVerdictLogFilter = true, 0xffff
	own.AllowICMPFragNeeded, own.EnableICMPRule = true, true
	own.EnableIPv4Fragments, own.EnableIPv6Fragments = true, true
	own.EndpointIPv4.Addr, own.EndpointIPv6.Addr = pod[0].As4(), pod[1].As16()
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	loaded, _, err := bpf.LoadCollection(silent, spec, &bpf.CollectionOptions{Constants: own})
	return loaded, err
}

// admit makes a peer known and opens its ports both ways.
func admit(loaded *ebpf.Collection, peer peer) error {
	for _, address := range peer.Addresses {
		prefix := netip.PrefixFrom(address, address.BitLen())
		key := ipcache.NewKey(prefix, 0)
		value := ipcache.NewValue(peer.Identity, netip.Addr{}, 0, 0)
		if err := loaded.Maps["cilium_ipcache_v2"].Put(&key, &value); err != nil {
			return fmt.Errorf("ipcache: %w", err)
		}
	}
	who := identity.NumericIdentity(peer.Identity)
	for _, port := range peer.Ports {
		for _, way := range []types.Key{types.EgressKey(), types.IngressKey()} {
			key := policymap.NewKeyFromPolicyKey(way.WithIdentity(who).WithTCPPort(port))
			entry := policymap.NewEntryFromPolicyEntry(key, types.AllowEntry())
			if err := loaded.Maps["cilium_policy"].Put(&key, &entry); err != nil {
				return fmt.Errorf("policy: %w", err)
			}
		}
	}
	return nil
}
