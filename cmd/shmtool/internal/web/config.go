package web

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"
)

// Config is a file of --web.config.file, in the form that Prometheus' exporters have.
type Config struct {
	TLS   TLS               `yaml:"tls_server_config"`
	HTTP  HTTP              `yaml:"http_server_config"`
	Users map[string]string `yaml:"basic_auth_users"` // hashes of their passwords, by bcrypt
}

// TLS says with which certificate the server answers, and whom it believes.
type TLS struct {
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ClientCA   string `yaml:"client_ca_file"`
	ClientAuth string `yaml:"client_auth_type"`
	MinVersion string `yaml:"min_version"`
	MaxVersion string `yaml:"max_version"`
}

// HTTP says how the server speaks.
type HTTP struct {
	HTTP2   *bool             `yaml:"http2"`
	Headers map[string]string `yaml:"headers"`
}

// headers are those that a file may set.
var headers = []string{"Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection", "Content-Security-Policy"}

// maxConfig is more than a file of settings has.
const maxConfig = 1 << 20

// Read reads a file. "" is no settings.
func Read(path string) (*Config, error) {
	c := new(Config)
	if path == "" {
		return c, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig))
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, file := range []*string{&c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ClientCA} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
	}
	return c, c.check()
}

func (c *Config) check() error {
	for user, hash := range c.Users {
		if _, err := bcrypt.Cost([]byte(hash)); err != nil {
			return fmt.Errorf("basic_auth_users: the password of %q is no bcrypt hash", user)
		}
	}
	for name := range c.HTTP.Headers {
		if !slices.Contains(headers, name) {
			return fmt.Errorf("http_server_config: header %q cannot be set", name)
		}
	}
	return nil
}

// versions are those of TLS, as the file calls them.
var versions = map[string]uint16{"TLS10": tls.VersionTLS10, "TLS11": tls.VersionTLS11, "TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13}

// clientAuths are what a client must show, as the file calls it.
var clientAuths = map[string]tls.ClientAuthType{
	"": tls.NoClientCert, "NoClientCert": tls.NoClientCert, "RequestClientCert": tls.RequestClientCert,
	"RequireClientCert": tls.RequireAnyClientCert, "RequireAnyClientCert": tls.RequireAnyClientCert,
	"VerifyClientCertIfGiven": tls.VerifyClientCertIfGiven, "RequireAndVerifyClientCert": tls.RequireAndVerifyClientCert,
}

// tls returns how connections are encrypted; nil: they are not. The certificate is read
// again for each connection, so that a new one needs no new start.
func (c *Config) tls() (*tls.Config, error) {
	t := c.TLS
	if t == (TLS{}) {
		return nil, nil
	}
	if t.CertFile == "" || t.KeyFile == "" {
		return nil, errors.New("tls_server_config: cert_file and key_file are required")
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		return &pair, err
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() }}
	for _, v := range []struct {
		name, value string
		to          *uint16
	}{{"min_version", t.MinVersion, &conf.MinVersion}, {"max_version", t.MaxVersion, &conf.MaxVersion}} {
		number, known := versions[v.value]
		if v.value == "" {
			continue
		}
		if !known {
			return nil, fmt.Errorf("tls_server_config: invalid %s %q: use TLS10, TLS11, TLS12, or TLS13", v.name, v.value)
		}
		*v.to = number
	}
	auth, known := clientAuths[t.ClientAuth]
	if !known {
		return nil, fmt.Errorf("tls_server_config: invalid client_auth_type %q", t.ClientAuth)
	}
	conf.ClientAuth = auth
	return conf, t.believe(conf)
}

// believe makes the server believe the clients whose certificates the file's authority
// has signed.
func (t TLS) believe(conf *tls.Config) error {
	if t.ClientCA == "" {
		return nil
	}
	if conf.ClientAuth == tls.NoClientCert {
		return errors.New("tls_server_config: client_ca_file needs a client_auth_type")
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return err
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("tls_server_config: client_ca_file %q has no certificate", t.ClientCA)
	}
	return nil
}
