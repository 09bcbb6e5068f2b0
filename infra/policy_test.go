package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// access is a request as IAM sees it.
type access struct {
	action, resource string
	// principal is "*" for everybody; a policy's service principals match by
	// name.
	principal string
	// keys are the condition keys that the request has.
	keys map[string]string
}

// decision is what a policy says of a request.
type decision string

const (
	denied  decision = "denied"
	allowed decision = "allowed"
	silent  decision = "silent"
)

// decide evaluates a policy document after
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// with the operators that ours use. It fails the test on any other.
func (a assembly) decide(t *testing.T, document any, request access) decision {
	t.Helper()
	result := silent
	for _, item := range document.(map[string]any)["Statement"].([]any) {
		statement := item.(map[string]any)
		if !a.matches(t, statement, request) {
			continue
		}
		if statement["Effect"] == "Deny" {
			return denied
		}
		result = allowed
	}
	return result
}

func (a assembly) matches(t *testing.T, statement map[string]any, request access) bool {
	t.Helper()
	anyOf := func(patterns []string, text string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, text) })
	}
	if principal, isSet := statement["Principal"]; isSet && !a.matchesPrincipal(principal, request.principal) {
		return false
	}
	return anyOf(a.renderAll(statement["Action"]), request.action) &&
		anyOf(a.renderAll(statement["Resource"]), request.resource) &&
		a.conditionsHold(t, statement["Condition"], request.keys)
}

func (a assembly) matchesPrincipal(principal any, name string) bool {
	if kinds, isMap := principal.(map[string]any); isMap {
		for _, value := range kinds {
			return slices.ContainsFunc(a.renderAll(value), func(p string) bool { return p == "*" || p == name })
		}
	}
	return principal == "*"
}

func (a assembly) conditionsHold(t *testing.T, conditions any, keys map[string]string) bool {
	t.Helper()
	operators, _ := conditions.(map[string]any)
	for operator, wanted := range operators {
		for key, value := range wanted.(map[string]any) {
			actual, isPresent := keys[key]
			if !a.conditionHolds(t, operator, a.renderAll(value), actual, isPresent) {
				return false
			}
		}
	}
	return true
}

func (a assembly) conditionHolds(t *testing.T, operator string, wanted []string, actual string, isPresent bool) bool {
	t.Helper()
	switch operator {
	case "StringEquals", "Bool":
		return isPresent && slices.Contains(wanted, actual)
	case "StringNotEquals":
		return !isPresent || !slices.Contains(wanted, actual)
	case "ArnLike":
		return isPresent && slices.ContainsFunc(wanted, func(p string) bool { return glob(p, actual) })
	case "NumericGreaterThan":
		limit, err := strconv.ParseFloat(wanted[0], 64)
		number, err2 := strconv.ParseFloat(actual, 64)
		return isPresent && err == nil && err2 == nil && number > limit
	}
	t.Fatalf("this test knows no operator %s", operator)
	return false
}

// glob matches with "*" for any text, as IAM and listener rules do.
func glob(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^(?s:" + quoted + ")$").MatchString(text)
}

// plus returns keys with more of them.
func plus(keys map[string]string, more ...string) map[string]string {
	if len(more)%2 != 0 {
		panic(fmt.Sprintf("odd number of keys and values: %v", more))
	}
	all := map[string]string{}
	for key, value := range keys {
		all[key] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}
