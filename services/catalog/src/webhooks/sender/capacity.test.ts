import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pace, type Place, Room } from "./capacity.ts";

const limits = {
  attemptsMax: 128,
  perWebhookMax: 4,
  perHostMax: 16,
  perDeveloperMax: 16,
  shareOfFreeMax: 0.125,
  slowMax: 64,
  unprovenMax: 96,
};

function placeOf(developer: number, webhook: number, pace: Pace = "fast"): Place {
  return {
    id: `${developer}-${webhook}`,
    host: `${developer}-${webhook}.example.org`,
    developer_id: String(developer),
    pace,
  };
}

/** Takes places for each developer in turn, as many as the limits allow, until nobody may take more. */
function fill(room: Room, developers: number, pace: Pace = "fast"): Map<number, number> {
  const taken = new Map<number, number>();
  for (let isMore = true; isMore;) {
    isMore = false;
    for (let developer = 0; developer < developers; developer++) {
      for (let webhook = 0; webhook < 20; webhook++) {
        const place = placeOf(developer, webhook, pace);
        const count = room.left(place);
        if (count <= 0) continue;
        room.take(place, count);
        taken.set(developer, (taken.get(developer) ?? 0) + count);
        isMore = true;
      }
    }
  }
  return taken;
}

test("a developer alone has no more attempts than a developer may have", () => {
  assert.deepEqual([...fill(new Room(limits), 1).values()], [14]);
});

// INVARIANT 62
test("when thirty developers have slow receivers, some room is left for the next one", () => {
  for (const developers of [8, 10, 20, 30]) {
    const room = new Room(limits);
    const taken = fill(room, developers);
    assert.equal(taken.size, developers, `each of ${developers} has some`);
    assert.ok(room.used < limits.attemptsMax, `${room.used} are taken by ${developers}`);
    assert.ok(room.left(placeOf(1000, 0)) >= 1, `after ${developers} developers`);
  }
});

test("room that was given back can be taken again", () => {
  const room = new Room(limits);
  fill(room, 10);
  const [place] = [placeOf(1000, 0)];
  const before = room.left(place);
  room.take(place, before);
  room.free(place, before);
  assert.equal(room.left(place), before);
});

test("however many accounts have receivers that do not answer, the others keep their part", () => {
  const room = new Room(limits);
  fill(room, 200, "slow");
  assert.equal(room.used, 64);
  assert.equal(room.left(placeOf(1000, 0, "slow")), 0);
  assert.equal(room.left(placeOf(1000, 0, "new")), 1);
  fill(room, 400, "new");
  assert.equal(room.used, 96);
  assert.equal(room.left(placeOf(1000, 0, "new")), 0);
  assert.ok(room.left(placeOf(1000, 0, "fast")) >= 1);
});

test("a webhook is what its last attempt was, and new before the first has ended", () => {
  const room = new Room(limits);
  assert.equal(room.paceOf("a"), "new");
  assert.equal(room.left({ ...placeOf(1, 1), pace: "new" }), 1);
  room.ended("a", 15_000);
  assert.equal(room.paceOf("a"), "slow");
  room.ended("a", 20);
  assert.equal(room.paceOf("a"), "fast");
});
