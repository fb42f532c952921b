;; The loops of planes.ts: whole blocks of sixteen numbers, up to `end`. planes-wasm.ts holds this file compiled, and a test
;; compares the two. `by` is 1 if the numbers are rotated, else 0.
(module
  (memory (export "memory") 1)

  (func (export "split2") (param $from i32) (param $end i32) (param $p0 i32) (param $p1 i32) (param $by i32)
    (local $x v128) (local $y v128)
    (loop $next
      (local.set $x (v128.load (local.get $from)))
      (local.set $y (v128.load offset=16 (local.get $from)))
      (local.set $x
        (v128.or (i16x8.shl (local.get $x) (local.get $by)) (i16x8.shr_u (local.get $x) (i32.sub (i32.const 16) (local.get $by)))))
      (local.set $y
        (v128.or (i16x8.shl (local.get $y) (local.get $by)) (i16x8.shr_u (local.get $y) (i32.sub (i32.const 16) (local.get $by)))))
      (v128.store (local.get $p0)
        (i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 (local.get $x) (local.get $y)))
      (v128.store (local.get $p1)
        (i8x16.shuffle 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 (local.get $x) (local.get $y)))
      (local.set $p0 (i32.add (local.get $p0) (i32.const 16)))
      (local.set $p1 (i32.add (local.get $p1) (i32.const 16)))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 32))) (local.get $end)))))

  (func (export "join2") (param $p0 i32) (param $p1 i32) (param $into i32) (param $end i32) (param $by i32)
    (local $a v128) (local $b v128) (local $x v128)
    (loop $next
      (local.set $a (v128.load (local.get $p0)))
      (local.set $b (v128.load (local.get $p1)))
      (local.set $x
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b)))
      (v128.store offset=0 (local.get $into)
        (v128.or (i16x8.shr_u (local.get $x) (local.get $by)) (i16x8.shl (local.get $x) (i32.sub (i32.const 16) (local.get $by)))))
      (local.set $x
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $a) (local.get $b)))
      (v128.store offset=16 (local.get $into)
        (v128.or (i16x8.shr_u (local.get $x) (local.get $by)) (i16x8.shl (local.get $x) (i32.sub (i32.const 16) (local.get $by)))))
      (local.set $p0 (i32.add (local.get $p0) (i32.const 16)))
      (local.set $p1 (i32.add (local.get $p1) (i32.const 16)))
      (br_if $next (i32.lt_u (local.tee $into (i32.add (local.get $into) (i32.const 32))) (local.get $end)))))

  (func (export "split4")
    (param $from i32) (param $end i32) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $by i32)
    (local $w v128) (local $x v128) (local $y v128) (local $z v128) (local $l v128) (local $m v128)
    (loop $next
      (local.set $w (v128.load offset=0 (local.get $from)))
      (local.set $w
        (v128.or (i32x4.shl (local.get $w) (local.get $by)) (i32x4.shr_u (local.get $w) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $x (v128.load offset=16 (local.get $from)))
      (local.set $x
        (v128.or (i32x4.shl (local.get $x) (local.get $by)) (i32x4.shr_u (local.get $x) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $y (v128.load offset=32 (local.get $from)))
      (local.set $y
        (v128.or (i32x4.shl (local.get $y) (local.get $by)) (i32x4.shr_u (local.get $y) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $z (v128.load offset=48 (local.get $from)))
      (local.set $z
        (v128.or (i32x4.shl (local.get $z) (local.get $by)) (i32x4.shr_u (local.get $z) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $l
        (i8x16.shuffle 0 1 4 5 8 9 12 13 16 17 20 21 24 25 28 29 (local.get $w) (local.get $x)))
      (local.set $m
        (i8x16.shuffle 0 1 4 5 8 9 12 13 16 17 20 21 24 25 28 29 (local.get $y) (local.get $z)))
      (v128.store (local.get $p0)
        (i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 (local.get $l) (local.get $m)))
      (v128.store (local.get $p1)
        (i8x16.shuffle 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 (local.get $l) (local.get $m)))
      (local.set $l
        (i8x16.shuffle 2 3 6 7 10 11 14 15 18 19 22 23 26 27 30 31 (local.get $w) (local.get $x)))
      (local.set $m
        (i8x16.shuffle 2 3 6 7 10 11 14 15 18 19 22 23 26 27 30 31 (local.get $y) (local.get $z)))
      (v128.store (local.get $p2)
        (i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 (local.get $l) (local.get $m)))
      (v128.store (local.get $p3)
        (i8x16.shuffle 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 (local.get $l) (local.get $m)))
      (local.set $p0 (i32.add (local.get $p0) (i32.const 16)))
      (local.set $p1 (i32.add (local.get $p1) (i32.const 16)))
      (local.set $p2 (i32.add (local.get $p2) (i32.const 16)))
      (local.set $p3 (i32.add (local.get $p3) (i32.const 16)))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $end)))))

  (func (export "join4")
    (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32) (param $into i32) (param $end i32) (param $by i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $l v128) (local $m v128) (local $x v128)
    (loop $next
      (local.set $a (v128.load (local.get $p0)))
      (local.set $b (v128.load (local.get $p1)))
      (local.set $c (v128.load (local.get $p2)))
      (local.set $d (v128.load (local.get $p3)))
      (local.set $l
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b)))
      (local.set $m
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $c) (local.get $d)))
      (local.set $x
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $l) (local.get $m)))
      (v128.store offset=0 (local.get $into)
        (v128.or (i32x4.shr_u (local.get $x) (local.get $by)) (i32x4.shl (local.get $x) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $x
        (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $l) (local.get $m)))
      (v128.store offset=16 (local.get $into)
        (v128.or (i32x4.shr_u (local.get $x) (local.get $by)) (i32x4.shl (local.get $x) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $l
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $a) (local.get $b)))
      (local.set $m
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $c) (local.get $d)))
      (local.set $x
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $l) (local.get $m)))
      (v128.store offset=32 (local.get $into)
        (v128.or (i32x4.shr_u (local.get $x) (local.get $by)) (i32x4.shl (local.get $x) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $x
        (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $l) (local.get $m)))
      (v128.store offset=48 (local.get $into)
        (v128.or (i32x4.shr_u (local.get $x) (local.get $by)) (i32x4.shl (local.get $x) (i32.sub (i32.const 32) (local.get $by)))))
      (local.set $p0 (i32.add (local.get $p0) (i32.const 16)))
      (local.set $p1 (i32.add (local.get $p1) (i32.const 16)))
      (local.set $p2 (i32.add (local.get $p2) (i32.const 16)))
      (local.set $p3 (i32.add (local.get $p3) (i32.const 16)))
      (br_if $next (i32.lt_u (local.tee $into (i32.add (local.get $into) (i32.const 64))) (local.get $end))))))
