// Package door is the app's load balancer: listeners, rules, conditions,
// transforms, actions and target groups as the template has them, behaving as
// an Application Load Balancer does.
//
// Paths and queries pass byte for byte: they are never decoded, cleaned or
// encoded anew, since signatures and object keys depend on them.
package door

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"onedoor/local/template"
)

// Types are the resource types that this package serves.
var Types = []string{
	"AWS::ElasticLoadBalancingV2::Listener",
	"AWS::ElasticLoadBalancingV2::ListenerRule",
	"AWS::ElasticLoadBalancingV2::LoadBalancer",
	"AWS::ElasticLoadBalancingV2::TargetGroup",
}

// Invoker is a Lambda function.
type Invoker interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// Targets finds what stands behind the load balancer.
type Targets struct {
	// Services are the AWS services behind interface endpoints, by name, such as
	// s3. A service gets the request's target in RequestURI.
	Services map[string]http.Handler
	// Function finds a function by its ARN.
	Function func(arn string) (Invoker, error)
}

// Door is the load balancer.
type Door struct {
	attributes attributes
	listeners  map[int]*listener // by port
}

// attributes are the load balancer's attributes that matter on one machine.
type attributes struct {
	idleTimeout        time.Duration
	dropInvalidHeaders bool
}

// listener is one port of the load balancer.
type listener struct {
	protocol string // "http" or "https"
	port     int
	rules    []rule // by priority
	fallback action
	attributes
}

// rule says what happens to requests that meet all its conditions.
type rule struct {
	priority   int
	hosts      []string
	conditions []condition
	transforms transforms
	action     action
}

// New reads the app's load balancer.
func New(a *template.Assembly, targets Targets) (*Door, error) {
	balancers := a.Resources("AWS::ElasticLoadBalancingV2::LoadBalancer")
	if len(balancers) != 1 {
		return nil, fmt.Errorf("want one load balancer in the app, found %d", len(balancers))
	}
	d := &Door{listeners: map[int]*listener{}}
	var err error
	if d.attributes, err = loadAttributes(balancers[0]); err != nil {
		return nil, err
	}
	l := loader{targets: targets}
	if l.groups, err = loadTargetGroups(a, targets); err != nil {
		return nil, err
	}
	for _, r := range a.Resources("AWS::ElasticLoadBalancingV2::Listener") {
		if err := l.addListener(d, a, r); err != nil {
			return nil, err
		}
	}
	if d.listeners[httpsPort] == nil {
		return nil, balancers[0].Errorf("no listener on port %d", httpsPort)
	}
	if len(d.Hosts()) == 0 {
		return nil, balancers[0].Errorf("no listener rule names a host, so there is no name to serve")
	}
	return d, nil
}

// Hosts are the names that the rules ask for.
func (d *Door) Hosts() []string {
	var hosts []string
	for _, r := range d.listeners[httpsPort].rules {
		for _, host := range r.hosts {
			if !strings.ContainsAny(host, "*?") && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

// HostsOf are the names under which the rules ask a service, after their
// transforms.
func (d *Door) HostsOf(service http.Handler) []string {
	var hosts []string
	for _, r := range d.listeners[httpsPort].rules {
		if r.action != (action(serviceTarget{service})) {
			continue
		}
		for _, host := range r.hosts {
			if host = r.transforms.host.apply(host); !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

type attribute struct{ Key, Value string }

func loadAttributes(r *template.Resource) (attributes, error) {
	var p struct {
		LoadBalancerAttributes                  []attribute
		IpAddressType, Name, Scheme, Tags, Type template.Ignored
		SecurityGroups, SubnetMappings, Subnets template.Ignored
	}
	if err := r.Decode(&p); err != nil {
		return attributes{}, err
	}
	known := attributes{idleTimeout: time.Minute}
	for _, a := range p.LoadBalancerAttributes {
		if err := known.set(a); err != nil {
			return attributes{}, r.Errorf("property LoadBalancerAttributes: %s: %w", a.Key, err)
		}
	}
	return known, nil
}

// onAWSOnly are attributes that change nothing on one machine.
var onAWSOnly = []string{
	"access_logs.s3.bucket", "access_logs.s3.enabled", "access_logs.s3.prefix",
	"deletion_protection.enabled",
	// There is one listener port per protocol, the default one, so Host never
	// needs a port added.
	"routing.http.preserve_host_header.enabled",
}

// onlyAs are attributes of which the local door understands one value.
var onlyAs = map[string]string{
	"routing.http.desync_mitigation_mode":     "defensive",
	"routing.http.xff_client_port.enabled":    "false",
	"routing.http.xff_header_processing.mode": "append",
}

func (known *attributes) set(a attribute) (err error) {
	only, isFixed := onlyAs[a.Key]
	switch {
	case a.Key == "idle_timeout.timeout_seconds":
		var seconds int
		seconds, err = strconv.Atoi(a.Value)
		known.idleTimeout = time.Duration(seconds) * time.Second
	case a.Key == "routing.http.drop_invalid_header_fields.enabled":
		known.dropInvalidHeaders, err = strconv.ParseBool(a.Value)
	case isFixed:
		if a.Value != only {
			err = fmt.Errorf("only %s is understood by the local door, got %q", only, a.Value)
		}
	case !slices.Contains(onAWSOnly, a.Key):
		err = fmt.Errorf("not understood by the local door")
	}
	return err
}

// loader reads listeners and their rules.
type loader struct {
	targets Targets
	groups  map[string]action // by target group ARN
}

func (l loader) addListener(d *Door, a *template.Assembly, r *template.Resource) error {
	var p struct {
		DefaultActions          []actionProperties
		LoadBalancerArn         string
		Port                    int
		Protocol                string
		Certificates, SslPolicy template.Ignored
	}
	if err := r.Decode(&p); err != nil {
		return err
	}
	if !(p.Protocol == "HTTPS" && p.Port == httpsPort || p.Protocol == "HTTP" && p.Port == httpPort) {
		return r.Errorf("property Port: only HTTPS on 443 and HTTP on 80 are understood by the local door, got %s on %d", p.Protocol, p.Port)
	}
	fallback, err := l.action(p.DefaultActions)
	if err != nil {
		return r.Errorf("property DefaultActions: %w", err)
	}
	made := &listener{protocol: strings.ToLower(p.Protocol), port: p.Port, fallback: fallback, attributes: d.attributes}
	arn, err := r.Ref()
	if err != nil {
		return err
	}
	if made.rules, err = l.rules(a, arn); err != nil {
		return err
	}
	d.listeners[p.Port] = made
	return nil
}

func (l loader) rules(a *template.Assembly, listenerARN string) ([]rule, error) {
	var rules []rule
	for _, r := range a.Resources("AWS::ElasticLoadBalancingV2::ListenerRule") {
		var p struct {
			Actions     []actionProperties
			Conditions  []conditionProperties
			ListenerArn string
			Priority    int
			Transforms  []transformProperties
		}
		if err := r.Decode(&p); err != nil {
			return nil, err
		}
		if p.ListenerArn != listenerARN {
			continue
		}
		made := rule{priority: p.Priority}
		var err error
		for _, c := range p.Conditions {
			condition, err := c.condition()
			if err != nil {
				return nil, r.Errorf("property Conditions: %w", err)
			}
			made.conditions = append(made.conditions, condition)
			made.hosts = append(made.hosts, c.HostHeaderConfig.Values...)
		}
		if made.transforms, err = newTransforms(p.Transforms); err != nil {
			return nil, r.Errorf("property Transforms: %w", err)
		}
		if made.action, err = l.action(p.Actions); err != nil {
			return nil, r.Errorf("property Actions: %w", err)
		}
		rules = append(rules, made)
	}
	slices.SortFunc(rules, func(x, y rule) int { return cmp.Compare(x.priority, y.priority) })
	return rules, nil
}
