package objects

import (
	"encoding/xml"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"onedoor/local/ids"
)

// responseTimeout is how long the server may take to begin its answer.
const responseTimeout = time.Minute

// newTransport returns a transport that sends what it is given and adds
// nothing.
func newTransport() http.RoundTripper {
	return &http.Transport{
		DisableCompression:    true,
		MaxIdleConnsPerHost:   256,
		ResponseHeaderTimeout: responseTimeout,
	}
}

// ServeHTTP is the S3 interface endpoint. The request target is taken from
// RequestURI and passed on byte for byte.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refused := s.refuse(r); refused != nil {
		refused.write(w, r)
		return
	}
	response, err := s.transport.RoundTrip(s.outgoing(r))
	if err != nil {
		log.Printf("S3 at %s: %v", s.upstream, err)
		s3Error{status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "Reduce your request rate."}.write(w, r)
		return
	}
	defer response.Body.Close()
	header := w.Header()
	header["Content-Type"] = nil // not to be guessed
	response.Header.Del("Connection")
	maps.Copy(header, response.Header)
	w.WriteHeader(response.StatusCode)
	if _, err := io.Copy(w, response.Body); err != nil {
		// The client must notice that the rest is missing.
		panic(http.ErrAbortHandler)
	}
}

// outgoing returns the request for the server. Opaque is what net/http writes
// as it is.
func (s *Store) outgoing(r *http.Request) *http.Request {
	out := &http.Request{
		Method:        r.Method,
		URL:           &url.URL{Scheme: s.upstream.Scheme, Host: s.upstream.Host, Opaque: r.RequestURI},
		Host:          r.Host,
		Header:        r.Header.Clone(),
		Body:          r.Body,
		ContentLength: r.ContentLength,
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // or net/http names itself
	}
	return out.WithContext(r.Context())
}

// s3Error is an error answer of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
type s3Error struct {
	XMLName          xml.Name `xml:"Error"`
	Code             string
	Message          string
	ArgumentName     string `xml:",omitempty"`
	ArgumentValue    string `xml:",omitempty"`
	HeadersNotSigned string `xml:",omitempty"`
	AWSAccessKeyId   string `xml:",omitempty"`
	RequestId        string
	HostId           string

	status int
}

func (e s3Error) write(w http.ResponseWriter, r *http.Request) {
	e.RequestId, e.HostId = strings.ToUpper(ids.Hex(8)), ids.Hex(32)
	body, err := xml.Marshal(e)
	if err != nil {
		panic(err) // a struct of strings
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Server", "AmazonS3")
	h.Set("X-Amz-Request-Id", e.RequestId)
	h.Set("X-Amz-Id-2", e.HostId)
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		io.WriteString(w, xml.Header+string(body))
	}
}
