package door

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// action answers a request.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
type action interface {
	serve(w http.ResponseWriter, r *request)
}

type actionProperties struct {
	Order               int
	Type                string
	TargetGroupArn      string
	FixedResponseConfig struct{ ContentType, MessageBody, StatusCode string }
	RedirectConfig      redirect
}

func (l loader) action(properties []actionProperties) (action, error) {
	if len(properties) != 1 {
		return nil, fmt.Errorf("want one action, got %d", len(properties))
	}
	p := properties[0]
	switch p.Type {
	case "forward":
		group, ok := l.groups[p.TargetGroupArn]
		if !ok {
			return nil, fmt.Errorf("forward: no target group %q", p.TargetGroupArn)
		}
		return group, nil
	case "fixed-response":
		status, err := strconv.Atoi(p.FixedResponseConfig.StatusCode)
		if err != nil {
			return nil, fmt.Errorf("fixed-response: status code %q", p.FixedResponseConfig.StatusCode)
		}
		return fixedResponse{status, p.FixedResponseConfig.ContentType, p.FixedResponseConfig.MessageBody}, nil
	case "redirect":
		return p.RedirectConfig.withDefaults()
	}
	return nil, fmt.Errorf("type %q is not understood by the local door", p.Type)
}

// fixedResponse is an answer written in the template.
type fixedResponse struct {
	status      int
	contentType string
	body        string
}

func (a fixedResponse) serve(w http.ResponseWriter, _ *request) {
	h := w.Header()
	h.Set("Server", serverName)
	h["Content-Type"] = nil
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write([]byte(a.body))
}

// redirect is an answer that names another URL, made of the request's.
type redirect struct {
	Host, Path, Port, Protocol, Query, StatusCode string

	status int
}

func (a redirect) withDefaults() (action, error) {
	for _, part := range []struct {
		field     *string
		otherwise string
	}{
		{&a.Host, "#{host}"}, {&a.Path, "/#{path}"}, {&a.Port, "#{port}"}, {&a.Protocol, "#{protocol}"}, {&a.Query, "#{query}"},
	} {
		if *part.field == "" {
			*part.field = part.otherwise
		}
	}
	switch a.StatusCode {
	case "HTTP_301":
		a.status = http.StatusMovedPermanently
	case "HTTP_302":
		a.status = http.StatusFound
	default:
		return nil, fmt.Errorf("redirect: status code %q", a.StatusCode)
	}
	return a, nil
}

func (a redirect) serve(w http.ResponseWriter, r *request) {
	if r.Host == "" {
		answer(w, http.StatusBadRequest)
		return
	}
	w.Header().Set("Location", a.location(r))
	answer(w, a.status)
}

// location names the port always, as the load balancer does, even where it is
// the protocol's own.
func (a redirect) location(r *request) string {
	fill := strings.NewReplacer(
		"#{protocol}", r.listener.protocol,
		"#{host}", r.hostname(),
		"#{port}", strconv.Itoa(r.listener.port),
		"#{path}", strings.TrimPrefix(r.path, "/"),
		"#{query}", r.query,
	).Replace
	location := strings.ToLower(fill(a.Protocol)) + "://" + fill(a.Host) + ":" + fill(a.Port) + fill(a.Path)
	if query := fill(a.Query); query != "" {
		location += "?" + query
	}
	return location
}
