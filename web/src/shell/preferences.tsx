// Language and colour scheme, wherever one is.
import { ActionIcon, Group, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { languages, setLanguage, type Language } from '../i18n';
import { Icon, type IconName } from '../ui/icons';

export function Preferences({ light = false }: { light?: boolean }) {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes: [MantineColorScheme, IconName, string][] = [
    ['light', 'sun', t('app.light')],
    ['dark', 'moon', t('app.dark')],
    ['auto', 'screen', t('app.system')],
  ];
  const style = light ? { color: 'var(--y-rail-text)' } : undefined;
  return (
    <Group gap={4} wrap="nowrap">
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label={t('app.language')}>
            <ActionIcon size="lg" aria-label={t('app.language')} style={style}><Icon name="globe" size={18} /></ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {(Object.keys(languages) as Language[]).map((language) => (
            <Menu.Item key={language} lang={language} onClick={() => setLanguage(language)} rightSection={i18n.language === language ? <Icon name="check" size={14} /> : null}>
              {languages[language]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label={t('app.theme')}>
            <ActionIcon size="lg" aria-label={t('app.theme')} style={style}>
              <Icon name={schemes.find(([scheme]) => scheme === colorScheme)?.[1] ?? 'screen'} size={18} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {schemes.map(([scheme, icon, label]) => (
            <Menu.Item key={scheme} leftSection={<Icon name={icon} />} onClick={() => setColorScheme(scheme)} rightSection={colorScheme === scheme ? <Icon name="check" size={14} /> : null}>
              {label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
