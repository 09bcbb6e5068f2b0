// Package request takes from an event what handlers ask of it, whatever its
// source: headers whose names have no case, the request id, and the address of
// the client as the load balancer wrote it.
package request

import (
	"context"
	"net/http"
	"net/textproto"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Header returns the headers of an event under their canonical names. Events
// spell names as the client did, which over HTTP/2 is in lower case.
func Header(multiValue map[string][]string) http.Header {
	header := make(http.Header, len(multiValue))
	for name, values := range multiValue {
		key := textproto.CanonicalMIMEHeaderKey(name)
		header[key] = append(header[key], values...)
	}
	return header
}

// ID returns the id of the invocation, which is also in its log lines.
func ID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
