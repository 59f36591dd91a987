/* Countersign: how a visitor came, first and last. Kept in the browser only once they agreed; until then in memory alone. */
(function (window, document) {
  'use strict';
  var script = document.currentScript;
  var home = new URL(script.src).origin;
  var KEY = 'countersign.touches';
  var NAMES = { source: 'utm_source', medium: 'utm_medium', campaign: 'utm_campaign', campaignId: 'utm_id', term: 'utm_term', content: 'utm_content' };
  var CLICKS = ['gclid', 'gbraid', 'wbraid', 'dclid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid', 'twclid'];
  var agreed = false;

  function visit() {
    var query = new URLSearchParams(location.search);
    var touch = { at: Date.now(), landingPage: location.origin + location.pathname };
    var clicks = {};
    var any = false;
    Object.keys(NAMES).forEach(function (name) {
      var value = query.get(NAMES[name]);
      if (value) any = touch[name] = value.slice(0, 500);
    });
    CLICKS.forEach(function (name) {
      var value = query.get(name);
      if (value) any = clicks[name] = value.slice(0, 500);
    });
    if (Object.keys(clicks).length) touch.clickIds = clicks;
    try {
      var from = new URL(document.referrer);
      if (from.origin !== location.origin) any = touch.referrer = (from.origin + from.pathname).slice(0, 500);
    } catch (error) {
      // No referrer.
    }
    return any ? touch : null;
  }

  function kept() {
    try {
      var list = JSON.parse(localStorage.getItem(KEY));
      return Array.isArray(list) ? list.slice(0, 2) : [];
    } catch (error) {
      return [];
    }
  }

  var now = visit();
  var touches = now ? [now] : [];

  /** The first and the last one. */
  function ends(list) {
    return list.length > 2 ? [list[0], list[list.length - 1]] : list;
  }

  function consent(yes) {
    try {
      if (!yes) {
        agreed = false;
        localStorage.removeItem(KEY);
      } else if (!agreed) {
        agreed = true;
        touches = ends(kept().concat(touches));
        if (touches.length) localStorage.setItem(KEY, JSON.stringify(touches));
      }
    } catch (error) {
      // Storage is switched off: memory has to do.
    }
  }

  // A form on this page takes them along.
  document.addEventListener(
    'submit',
    function (event) {
      var field = event.target.querySelector && event.target.querySelector('input[name=touches]');
      if (field) field.value = JSON.stringify(touches);
    },
    true,
  );

  // A form of ours in a frame asks for them; nobody else is answered.
  window.addEventListener('message', function (event) {
    if (event.origin !== home || !event.data || event.data.countersign !== 'form') return;
    Array.prototype.forEach.call(document.getElementsByTagName('iframe'), function (frame) {
      if (frame.contentWindow !== event.source) return;
      if (event.data.height > 0) frame.style.height = Math.min(event.data.height + 4, 6000) + 'px';
      event.source.postMessage({ countersignTouches: touches }, home);
    });
  });

  window.countersign = {
    consent: consent,
    touches: function () {
      return touches.slice();
    },
  };
  if (script.getAttribute('data-consent') === 'granted') consent(true);
})(window, document);
