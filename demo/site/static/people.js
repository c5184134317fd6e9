// The people of successive frames, tracked and with smoothed joints: demo/tracking/people.py.
import { CrowdTracker } from "./crowd.js";
import { Smoother, Tracker } from "./tracker.js";

/** One person, by a model that sees one person in a crop. */
export class OnePerson {
  /** @param {object} settings the page's settings.json */
  constructor(model, settings) {
    Object.assign(this, { tracker: new Tracker(model.predict, settings), smoother: new Smoother(settings) });
  }

  /** The `pose` before smoothing and the `person` shown in the next frame, both null without a person; and `people`. */
  async next(picture, timeS) {
    const pose = await this.tracker.update(picture, timeS);
    const person = this.smoother.next(pose, timeS);
    return { pose, person, people: person ? [person] : [] };
  }
}

/** Everybody, by a model that sees everybody. */
export class Everybody {
  /** See `OnePerson`. */
  constructor(model, settings) {
    Object.assign(this, { settings, tracker: new CrowdTracker(model.find, settings), smoothers: new Map() });
  }

  /** The `people` shown in the next frame, by their numbers. */
  async next(picture, timeS) {
    const poses = await this.tracker.update(picture, timeS);
    const numbers = [...poses.keys()].sort((a, b) => a - b);
    // The filters of a person who is missing from a frame start anew.
    const kept = numbers.map((number) => [number, this.smoothers.get(number) ?? new Smoother(this.settings)]);
    this.smoothers = new Map(kept);
    return { people: kept.map(([number, smoother]) => ({ number, ...smoother.next(poses.get(number), timeS) })) };
  }
}
