/** What a screen reader, a keyboard and weak eyes meet on a screen, judged by axe-core. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';

const shots = process.env.AXE_SHOTS; // a folder for pictures, to look at
if (shots) mkdirSync(shots, { recursive: true });

/**
 * Nothing serious or critical is wrong with what is shown now. @param {any} page @param {string} where
 * @param {object} [context]  axe's: parts to leave out
 */
export async function assertAccessible(page, where, context = {}) {
    if (shots) await page.screenshot({ path: join(shots, `${where.replace(/\W+/g, '-')}.png`) });
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
    const found = await page.evaluate(async (/** @type {any} */ given) => {
        // what fades in is judged as it will be
        document.getAnimations().forEach((animation) => animation.effect?.getComputedTiming().iterations !== Infinity && animation.finish());
        const { violations } = await /** @type {any} */ (window).axe.run({ include: [['html']], ...given }, { resultTypes: ['violations'] });
        return violations
            .filter((/** @type {any} */ each) => ['serious', 'critical'].includes(each.impact))
            .map((/** @type {any} */ each) => `${each.id}: ${each.nodes.map((/** @type {any} */ node) => `${node.html.slice(0, 140)} (${node.any?.[0]?.message ?? node.failureSummary})`).join('\n    ')}`);
    }, context);
    assert.deepEqual(found, [], where);
}
