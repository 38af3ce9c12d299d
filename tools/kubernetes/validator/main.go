// validator answers which policies Kubernetes' API server takes.
//
//	validator < cases.jsonl > answers.jsonl
//
// A case a line in, `{"id": 1, "policies": ["...", ...]}`, an answer a line out: of each policy why
// it is refused, or nothing. NetworkPolicy goes through the code of the API server itself,
// ClusterNetworkPolicy through the schema and the rules of its definition, as they are installed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/klog/v2"
)

// Case is one question.
type Case struct {
	ID       uint64   `json:"id"`
	Policies []string `json:"policies"`
}

// Answer is what the API server says; flows it knows nothing of.
type Answer struct {
	ID       uint64   `json:"id"`
	Refused  []string `json:"refused"`
	Verdicts []string `json:"verdicts"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "validator:", err)
		os.Exit(1)
	}
}

func run() error {
	klog.SetLogger(klog.Logger{})
	clusters, err := newClusterPolicies()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var given Case
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			return err
		}
		answer := Answer{ID: given.ID, Refused: []string{}, Verdicts: []string{}}
		for _, text := range given.Policies {
			refusal := ""
			if err := check(text, clusters); err != nil {
				refusal = strings.Join(strings.Fields(err.Error()), " ")
			}
			answer.Refused = append(answer.Refused, refusal)
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// check says why a document is refused, or nothing.
func check(text string, clusters *ClusterPolicies) error {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON([]byte(text)); err != nil {
		return err
	}
	switch object.GetKind() {
	case "NetworkPolicy":
		return checkNetworkPolicy(text)
	case "ClusterNetworkPolicy":
		return clusters.check(&object)
	}
	return fmt.Errorf("unknown kind: %s", object.GetKind())
}
