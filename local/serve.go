package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"onedoor/local/door"
)

// serve opens the door until the context ends or something behind it does.
func (l *local) serve(ctx context.Context, listener net.Listener, stdout io.Writer) error {
	certificate, authority, err := door.NewCertificate(l.door.Hosts(), time.Now())
	if err != nil {
		return err
	}
	caFile := filepath.Join(l.data, "ca.pem")
	if err := os.WriteFile(caFile, authority, 0o644); err != nil {
		return err
	}
	server := door.NewServer(l.door, listener, certificate)
	ended := make(chan error, 1+len(l.children))
	go func() { ended <- server.Serve() }()
	for _, p := range l.children {
		go func() {
			<-p.Done()
			ended <- p.Err()
		}()
	}
	l.announce(stdout, listener.Addr(), caFile)
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	// Requests that take longer than the limit are cut off.
	_ = server.Shutdown(drain)
	return err
}

// announce tells how to use the door.
func (l *local) announce(w io.Writer, addr net.Addr, caFile string) {
	host := l.door.Hosts()[0]
	url := "https://" + host + "/presign/" + sampleKey
	curl := fmt.Sprintf("curl --cacert %s --connect-to ::%s", caFile, addr)
	fmt.Fprintf(w, "ready: https://%s on %s\n", host, addr)
	fmt.Fprintf(w, "  %s -L %s\n", curl, url)
	fmt.Fprintf(w, "  %s -H 'Accept: application/json' %s\n", curl, url)
	fmt.Fprintf(w, "  past the door, for uploads: S3 at %s\n", l.store.Endpoint())
}
