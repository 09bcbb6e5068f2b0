package objects

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// roots are the folders in which versitygw keeps objects and old versions of
// them, one folder per bucket.
type roots struct{ buckets, versions string }

func (r roots) create() error {
	return errors.Join(os.MkdirAll(r.buckets, 0o755), os.MkdirAll(r.versions, 0o755))
}

// link makes a bucket findable that is named after the whole Host: versitygw
// takes it from the first label, so that label leads to its folders.
func (r roots) link(bucket string) error {
	label, _, _ := strings.Cut(bucket, ".")
	if err := os.MkdirAll(filepath.Join(r.versions, bucket), 0o755); err != nil {
		return err
	}
	for _, root := range []string{r.buckets, r.versions} {
		err := os.Symlink(bucket, filepath.Join(root, label))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
