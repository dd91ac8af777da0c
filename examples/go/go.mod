module example.org/guestbook

go 1.24

require example.org/ago v1.0.0
