/* The phone's files, kept so that it opens without a network. Only its own files: accounts and calls are never kept
 * here. A new build has a new cache; the page that runs keeps its own until it is reloaded. */
const cacheName = `phone-${'BUILD'}`;
const files = ['FILES'];

self.addEventListener('install', (event) => {
    event.waitUntil(
        caches
            .open(cacheName)
            .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'reload' }))))
            .then(() => self.skipWaiting()),
    );
});
self.addEventListener('activate', (event) => {
    const drop = async () => {
        const names = await caches.keys();
        await Promise.all(names.filter((name) => name.startsWith('phone-') && name !== cacheName).map((name) => caches.delete(name)));
        await self.clients.claim();
    };
    event.waitUntil(drop());
});
self.addEventListener('fetch', (event) => {
    const url = new URL(event.request.url);
    if (event.request.method !== 'GET' || url.origin !== location.origin || !url.pathname.startsWith('/phone/')) return;
    const find = async () => {
        const cache = await caches.open(cacheName);
        if (event.request.mode !== 'navigate') return (await cache.match(event.request)) ?? fetch(event.request);
        // the page itself: the server's when it answers, so that a new build is seen at once
        try {
            const answer = await fetch(event.request);
            if (answer.ok) return answer;
        } catch {}
        return (await cache.match('./')) ?? Response.error();
    };
    event.respondWith(find());
});
self.addEventListener('notificationclick', (event) => {
    event.notification.close();
    const show = async () => {
        const [page] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
        await (page ? page.focus() : self.clients.openWindow('/phone/'));
    };
    event.waitUntil(show());
});
