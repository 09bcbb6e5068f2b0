package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxParsedHeaders is where net/http gives up on a request's headers; below it
// the load balancer's own limits decide.
const maxParsedHeaders = 1 << 20

// tlsHandshake is the first byte of a TLS connection (RFC 8446, section 5.1).
const tlsHandshake = 22

// Server serves a door on one address: the first byte of a connection decides
// which listener it reaches.
type Server struct {
	address net.Listener
	https   *http.Server
	http    *http.Server
	secure  *branch
	plain   *branch
}

// NewServer readies the door to serve on the address with the certificate.
func NewServer(d *Door, address net.Listener, certificate tls.Certificate) *Server {
	s := &Server{
		address: address,
		https:   d.server(httpsPort),
		http:    d.server(httpPort),
		secure:  newBranch(address.Addr()),
		plain:   newBranch(address.Addr()),
	}
	s.https.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return s
}

func (d *Door) server(port int) *http.Server {
	var handler http.Handler = http.HandlerFunc(hangUp)
	if l := d.listeners[port]; l != nil {
		handler = l
	}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: d.attributes.idleTimeout,
		IdleTimeout:       d.attributes.idleTimeout,
		MaxHeaderBytes:    maxParsedHeaders,
		ErrorLog:          log.New(io.Discard, "", 0),
		// OPTIONS * is the rules' business.
		DisableGeneralOptionsHandler: true,
	}
}

// hangUp stands for a port without a listener.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Serve serves until Shutdown or a failure of the address. After Shutdown it
// returns nil.
func (s *Server) Serve() error {
	go s.https.ServeTLS(s.secure, "", "")
	go s.http.Serve(s.plain)
	for {
		conn, err := s.address.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go s.dispatch(conn)
	}
}

// dispatch reads the first byte and hands the connection on.
func (s *Server) dispatch(conn net.Conn) {
	first := make([]byte, 1)
	conn.SetReadDeadline(time.Now().Add(s.https.ReadHeaderTimeout))
	if _, err := io.ReadFull(conn, first); err != nil {
		conn.Close()
		return
	}
	conn.SetReadDeadline(time.Time{})
	to := s.plain
	if first[0] == tlsHandshake {
		to = s.secure
	}
	to.hand(&peeked{Conn: conn, reader: io.MultiReader(bytes.NewReader(first), conn)})
}

// Shutdown stops taking connections and waits for requests under way, as long
// as the context allows.
func (s *Server) Shutdown(ctx context.Context) error {
	s.address.Close()
	err := errors.Join(s.https.Shutdown(ctx), s.http.Shutdown(ctx))
	if err != nil {
		s.https.Close()
		s.http.Close()
	}
	return err
}

// peeked is a connection of which the first byte has been read already.
type peeked struct {
	net.Conn
	reader io.Reader
}

func (c *peeked) Read(p []byte) (int, error) { return c.reader.Read(p) }

// branch is a listener whose connections come from dispatch.
type branch struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newBranch(addr net.Addr) *branch {
	b := &branch{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	b.close = sync.OnceFunc(func() { close(b.closed) })
	return b
}

func (b *branch) hand(conn net.Conn) {
	select {
	case b.conns <- conn:
	case <-b.closed:
		conn.Close()
	}
}

// Accept waits for the next connection.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (b *branch) Close() error {
	b.close()
	return nil
}

// Addr is the address of the door.
func (b *branch) Addr() net.Addr { return b.addr }
