// Package ago tells times as people do.
package ago

import (
	"fmt"
	"time"
)

var units = []struct {
	length time.Duration
	name   string
}{
	{24 * time.Hour, "day"},
	{time.Hour, "hour"},
	{time.Minute, "minute"},
}

// Since says how long ago t was: "just now", "1 minute ago", "3 days ago".
func Since(t time.Time) string {
	passed := time.Since(t)
	for _, unit := range units {
		switch count := int(passed / unit.length); {
		case count == 1:
			return fmt.Sprintf("1 %s ago", unit.name)
		case count > 1:
			return fmt.Sprintf("%d %ss ago", count, unit.name)
		}
	}
	return "just now"
}
