package main

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The matcher holds that NotIn is not met where the key is missing; Kubernetes says it is met. So
// each NotIn is written as two selectors that mean the same to both: the key is missing, or it is
// there with another value.

// withoutNotIn is the same policy, once for each way to write its subject.
func withoutNotIn(policy *networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	for at := range policy.Spec.Ingress {
		policy.Spec.Ingress[at].From = peers(policy.Spec.Ingress[at].From)
	}
	for at := range policy.Spec.Egress {
		policy.Spec.Egress[at].To = peers(policy.Spec.Egress[at].To)
	}
	var policies []*networkingv1.NetworkPolicy
	for _, subject := range ways(&policy.Spec.PodSelector) {
		one := policy.DeepCopy()
		one.Spec.PodSelector = *subject
		policies = append(policies, one)
	}
	return policies
}

func peers(given []networkingv1.NetworkPolicyPeer) []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for _, peer := range given {
		for _, pods := range ways(peer.PodSelector) {
			for _, namespaces := range ways(peer.NamespaceSelector) {
				one := *peer.DeepCopy()
				one.PodSelector, one.NamespaceSelector = pods, namespaces
				peers = append(peers, one)
			}
		}
	}
	return peers
}

// ways are the selectors that together mean the same; an absent one stays absent.
func ways(selector *metav1.LabelSelector) []*metav1.LabelSelector {
	if selector == nil {
		return []*metav1.LabelSelector{nil}
	}
	made := []*metav1.LabelSelector{{MatchLabels: selector.MatchLabels}}
	for _, expression := range selector.MatchExpressions {
		alternatives := []metav1.LabelSelectorRequirement{expression}
		if expression.Operator == metav1.LabelSelectorOpNotIn {
			missing := metav1.LabelSelectorOpDoesNotExist
			alternatives = append(alternatives, metav1.LabelSelectorRequirement{
				Key: expression.Key, Operator: missing,
			})
		}
		var more []*metav1.LabelSelector
		for _, before := range made {
			for _, alternative := range alternatives {
				one := before.DeepCopy()
				one.MatchExpressions = append(one.MatchExpressions, alternative)
				more = append(more, one)
			}
		}
		made = more
	}
	return made
}
