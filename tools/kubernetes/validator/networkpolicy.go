package main

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/serializer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
)

// namespace is where an object goes that names none.
const namespace = "default"

// strict reads every field or refuses, as an API server does that is asked to.
var strict = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// checkNetworkPolicy decodes a policy, fills in what is left out, and validates it for creation.
func checkNetworkPolicy(text string) error {
	object, _, err := strict.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		return err
	}
	policy := object.(*networking.NetworkPolicy)
	if policy.Namespace == "" {
		policy.Namespace = namespace
	}
	ctx := genericapirequest.WithRequestInfo(context.Background(), &genericapirequest.RequestInfo{
		APIGroup: "networking.k8s.io", APIVersion: "v1", Resource: "networkpolicies",
	})
	return networkpolicy.Strategy.Validate(ctx, policy).ToAggregate()
}
