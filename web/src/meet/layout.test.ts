import assert from "node:assert/strict";
import { test } from "node:test";
import { type FloorSize, type Rect, layOut, withinSight } from "./layout";

const gap = 8;
const desk: FloorSize = { width: 1_256, height: 640 };
const phone: FloorSize = { width: 374, height: 620 };

function people(count: number) {
  return Array.from({ length: count }, (_, at) => ({ id: `p${at}`, isSelf: at === 0 }));
}

function overlap(a: Rect, b: Rect): boolean {
  const slack = 0.01;
  return (
    a.left + a.width > b.left + slack && b.left + b.width > a.left + slack && a.top + a.height > b.top + slack && b.top + b.height > a.top + slack
  );
}

function assertTidy(places: readonly Rect[], { width, height }: FloorSize): void {
  places.forEach((rect, at) => {
    assert.ok(rect.left >= -0.01 && rect.top >= -0.01, "within the floor");
    assert.ok(rect.left + rect.width <= width + 0.01 && rect.top + rect.height <= height + 0.01, "within the floor");
    places.slice(at + 1).forEach((other) => assert.ok(!overlap(rect, other), "side by side"));
  });
}

test("from 1 to 25 everybody has a place of one size, side by side", () => {
  for (let count = 1; count <= 25; count++) {
    const { places, hidden, floating } = layOut(people(count), null, desk, gap);
    assert.equal(hidden, 0, `${count} people`);
    assert.equal(floating, null);
    assert.equal(places.size, count);
    const rects = [...places.values()];
    assertTidy(rects, desk);
    assert.equal(new Set(rects.map(({ width, height }) => `${width} ${height}`)).size, 1);
    const aspect = (rects[0]?.width ?? 0) / (rects[0]?.height ?? 1);
    assert.ok(aspect > 1.3 && aspect < 1.8, `aspect ${aspect}`);
  }
});

test("a grid uses the room there is", () => {
  for (const count of [1, 2, 4, 9, 16, 25]) {
    const rects = [...layOut(people(count), null, desk, gap).places.values()];
    const covered = rects.reduce((sum, { width, height }) => sum + width * height, 0) / (desk.width * desk.height);
    assert.ok(covered > 0.5, `${count} people cover ${covered}`);
  }
});

test("a small screen says how many it does not show", () => {
  const { places, hidden, more } = layOut(people(40), null, phone, gap);
  assert.ok(more !== null && hidden > 0);
  assert.equal(places.size + hidden, 40);
  assertTidy([...places.values(), more], phone);
  assert.ok(more.width >= 116 && more.height >= 84);
});

test("two on an upright phone are face to face", () => {
  const { places, floating } = layOut(people(2), null, phone, gap);
  assert.equal(floating, "p0");
  assert.deepEqual(places.get("p1"), { left: 0, top: 0, ...phone });
  const self = places.get("p0");
  assert.ok(self !== undefined && self.width < 140 && self.left + self.width <= phone.width - gap);
});

test("two others on an upright phone are alike", () => {
  const { places, floating } = layOut(people(3).slice(1), null, phone, gap);
  assert.equal(floating, null);
  assertTidy([...places.values()], phone);
});

test("what is in focus gets most of the floor, the others a strip", () => {
  for (const floor of [desk, phone]) {
    for (const count of [2, 5, 12]) {
      const { places, hidden, more } = layOut(people(count), "p1", floor, gap);
      const large = places.get("p1");
      assert.ok(large !== undefined && large.width * large.height > 0.6 * floor.width * floor.height);
      assertTidy([...places.values(), ...(more === null ? [] : [more])], floor);
      assert.equal(places.size + hidden, count);
    }
  }
});

test("a focus that has left is no focus", () => {
  assert.deepEqual(layOut(people(3), "gone", desk, gap), layOut(people(3), null, desk, gap));
  assert.equal(layOut([], null, desk, gap).places.size, 0);
});

test("who speaks is in sight, and nobody else moves", () => {
  const order = (ids: readonly { id: string }[]) => ids.map(({ id }) => id);
  assert.deepEqual(order(withinSight(people(6), new Set(["p5"]), 4)), ["p0", "p1", "p2", "p5", "p4", "p3"]);
  assert.deepEqual(order(withinSight(people(6), new Set(["p1"]), 4)), ["p0", "p1", "p2", "p3", "p4", "p5"]);
  assert.deepEqual(order(withinSight(people(3), new Set(["p2"]), 4)), ["p0", "p1", "p2"]);
});
