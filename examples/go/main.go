// A guestbook: who signs it is on the page until the app restarts.
package main

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.org/ago"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"ago": ago.Since}).Parse(source))

type entry struct {
	Name string
	Time time.Time
}

type guestbook struct {
	mutex   sync.Mutex
	entries []entry
}

func (book *guestbook) show(w http.ResponseWriter, _ *http.Request) {
	book.mutex.Lock()
	defer book.mutex.Unlock()
	if err := page.Execute(w, book.entries); err != nil {
		log.Print(err)
	}
}

func (book *guestbook) sign(w http.ResponseWriter, r *http.Request) {
	if name := strings.TrimSpace(r.FormValue("name")); name != "" {
		book.mutex.Lock()
		book.entries = append([]entry{{name, time.Now()}}, book.entries[:min(len(book.entries), 99)]...)
		book.mutex.Unlock()
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func main() {
	book := &guestbook{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", book.show)
	mux.HandleFunc("POST /{$}", book.sign)
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}

	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		log.Print("guestbook listens on ", server.Addr)
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	<-stopped.Done()
	if err := server.Shutdown(context.Background()); err != nil {
		log.Print(err)
	}
}
