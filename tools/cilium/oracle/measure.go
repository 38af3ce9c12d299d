package main

import (
	"fmt"
	"runtime"
	"syscall"

	"sigs.k8s.io/yaml"
)

// Cost is what a case took in milliseconds of the process's time, collection included: putting the
// rules of parsed policies in force, and making the map of each subject. Identities and prefixes are
// known before, and are not counted.
type Cost struct {
	Load     float64  `json:"load_ms"`
	Compute  float64  `json:"compute_ms"`
	Entries  int      `json:"entries"`
	Verdicts []string `json:"verdicts"`
}

// measure answers what a case costs; its policies may be YAML. The verdicts are those of its flows.
func measure(given *Case, documents *Documents) (*Cost, error) {
	services, err := newServices(given.Services)
	if err != nil {
		return nil, err
	}
	var policies []Entries
	for _, text := range given.Policies {
		object, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return nil, err
		}
		entries, err := documents.read(string(object), services)
		if err != nil {
			return nil, err
		}
		policies = append(policies, entries)
	}
	engine := newEngine()
	if err := engine.admit(given); err != nil {
		return nil, err
	}
	if err := engine.know(policies...); err != nil {
		return nil, err
	}
	cost := &Cost{}
	cost.Load, err = taken(func() error {
		for _, entries := range policies {
			engine.repository.ReplaceByResource(entries.rules, entries.resource)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	endpoints := map[string]*endpoint{}
	cost.Compute, err = taken(func() error {
		for _, flow := range given.Flows {
			if endpoints[flow.Subject] != nil {
				continue
			}
			own, err := engine.endpoint(flow.Subject)
			if err != nil {
				return err
			}
			if own.refusal != nil {
				return fmt.Errorf("%s: %w", flow.Subject, own.refusal)
			}
			endpoints[flow.Subject] = own
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, own := range endpoints {
		cost.Entries += own.policy.Len()
	}
	for _, flow := range given.Flows {
		cost.Verdicts = append(cost.Verdicts, endpoints[flow.Subject].verdict(engine, flow))
	}
	return cost, nil
}

// taken is the process's time of something, in milliseconds. What came before is collected first.
func taken(work func() error) (float64, error) {
	runtime.GC()
	before, err := processorTime()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := processorTime()
	return after - before, err
}

func processorTime() (float64, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6, err
}
