import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en';
import { ja } from './ja';

export const languages = { en: 'English', ja: '日本語' } as const;
export type Language = keyof typeof languages;
const kStored = 'yagura.language';

function firstLanguage(): Language {
  const stored = localStorage.getItem(kStored);
  if (stored === 'en' || stored === 'ja') return stored;
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

void i18n.use(initReactI18next).init({
  resources: { en: { translation: en }, ja: { translation: ja } },
  lng: firstLanguage(),
  fallbackLng: 'en',
  interpolation: { escapeValue: false },   // React escapes
});
document.documentElement.lang = i18n.language;

export function setLanguage(language: Language) {
  localStorage.setItem(kStored, language);
  document.documentElement.lang = language;
  void i18n.changeLanguage(language);
}
export { i18n };
