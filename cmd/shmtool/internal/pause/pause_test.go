package pause

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := For(t.Context(), time.Hour); err != nil || time.Since(begun) != time.Hour {
			t.Errorf("%v after %v, want nil after an hour", err, time.Since(begun))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		begun = time.Now()
		if err := For(ctx, time.Hour); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Minute {
			t.Errorf("%v after %v, want a canceled context after a minute", err, time.Since(begun))
		}
		for range 100 { // a timer that fires at once is no way past the context
			if err := For(ctx, 0); !errors.Is(err, context.Canceled) {
				t.Fatalf("%v, want a canceled context", err)
			}
		}
	})
}

func TestExactly(t *testing.T) {
	const d = 300 * time.Microsecond
	begun := time.Now()
	if err := Exactly(t.Context(), d); err != nil || time.Since(begun) < d {
		t.Errorf("%v after %v, want nil after %v", err, time.Since(begun), d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := Exactly(ctx, 24*time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want a canceled context", err)
	}
	if err := Exactly(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want a canceled context", err)
	}
}
