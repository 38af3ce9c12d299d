package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gvk "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"
)

// The module that the definition comes with, and the file: the experimental channel, which has
// every field.
const (
	module     = "sigs.k8s.io/network-policy-api"
	definition = "config/crd/experimental/policy.networking.k8s.io_clusternetworkpolicies.yaml"
)

// ClusterPolicies are held to the definition of their kind.
type ClusterPolicies struct {
	structural *schema.Structural
	validate   func(context.Context, *unstructured.Unstructured) field.ErrorList
}

func newClusterPolicies() (*ClusterPolicies, error) {
	properties, err := properties()
	if err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(properties)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(properties)
	if err != nil {
		return nil, err
	}
	kind := gvk.GroupVersionKind{
		Group: "policy.networking.k8s.io", Version: "v1alpha2", Kind: "ClusterNetworkPolicy",
	}
	strategy := customresource.NewStrategy(legacyscheme.Scheme, false, kind, validator, nil,
		structural, nil, nil, nil)
	validate := func(ctx context.Context, object *unstructured.Unstructured) field.ErrorList {
		return strategy.Validate(ctx, object)
	}
	return &ClusterPolicies{structural, validate}, nil
}

// properties are the schema of the definition's one version.
func properties() (*apiextensions.JSONSchemaProps, error) {
	folder, err := folder()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, definition))
	if err != nil {
		return nil, err
	}
	var given apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&given.Spec)
	var internal apiextensions.CustomResourceDefinition
	err = apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(
		&given, &internal, nil)
	if err != nil {
		return nil, err
	}
	if len(given.Spec.Versions) != 1 {
		return nil, fmt.Errorf("one version was expected: %d", len(given.Spec.Versions))
	}
	if internal.Spec.Validation != nil {
		return internal.Spec.Validation.OpenAPIV3Schema, nil
	}
	return internal.Spec.Versions[0].Schema.OpenAPIV3Schema, nil
}

// folder is where the Go client keeps the module at the version that this program was built with.
func folder() (string, error) {
	built, _ := debug.ReadBuildInfo()
	for _, dependency := range built.Deps {
		if dependency.Path != module {
			continue
		}
		name := module + "@" + dependency.Version
		output, err := exec.Command("go", "mod", "download", "-json", name).Output()
		if err != nil {
			return "", err
		}
		var downloaded struct{ Dir string }
		err = json.Unmarshal(output, &downloaded)
		return downloaded.Dir, err
	}
	return "", errors.New("built without " + module)
}

// check does what the API server does with an object that is created: nulls go, what is unknown is
// refused, defaults are filled in, and then it is validated.
func (c *ClusterPolicies) check(object *unstructured.Unstructured) error {
	unknown := pruning.PruneWithOptions(object.Object, c.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, c.structural)
	defaulting.Default(object.Object, c.structural)
	return c.validate(context.Background(), object).ToAggregate()
}
